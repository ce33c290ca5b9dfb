// The page lies above the distribution, so it has a script of its own (docs/packages.md).
self.ferropyBase = '/dist/';
importScripts('/dist/service-worker.js');

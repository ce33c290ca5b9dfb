/** JavaScript as Python modules: the js module, registerJsModule, register_js_module. */
import { raises, run, seen } from '../harness/bridge.mjs';
import { test } from '../harness/body.mjs';

/** Forgets modules, so that the next import looks again. */
const forget = (py, ...names) => run(py, { names }, `
import sys
for n in list(sys.modules):
    if n.split(".")[0] in names: del sys.modules[n]`);

test('js is the global object', async (load, t) => {
  const py = await load();
  t.equal(run(py, { g: globalThis }, 'import js\njs == g and js.globalThis == g'), true);
  t.equal(seen(py, {}, 'import js, sys\nisinstance(js, JsProxy), js.__name__, sys.modules["js"] is js'), "(True, 'js', True)");
  t.equal(
    seen(py, {}, 'from js import Math, JSON as J, Object\nMath.max(1, 5), J.stringify(Object.new(a=1))'),
    "(5, '{\"a\":1}')",
  );
  t.equal(seen(py, {}, 'import js\n"Math" in dir(js), hasattr(js, "Math"), hasattr(js, "noSuchGlobal")'), '(True, True, False)');
  raises(t, py, {}, 'from js import noSuchGlobal', 'ImportError', /noSuchGlobal/);
  raises(t, py, {}, 'import js\njs.noSuchGlobal', 'AttributeError', /noSuchGlobal/);
});

test('js: objects are submodules', async (load, t) => {
  const py = await load();
  t.equal(run(py, {}, 'import js.Math\njs.Math.PI'), Math.PI);
  t.equal(run(py, {}, 'from js.Math import PI, max as largest\nlargest(PI, 4)'), 4);
  t.equal(run(py, {}, 'import js.Math as m\nm.max(1, 3)'), 3);
  t.equal(run(py, {}, 'import importlib\nimportlib.import_module("js.Math").PI'), Math.PI);
  for (const name of ['js.noSuchThing', 'js.Math.noSuchThing', 'js.Math.PI']) {
    raises(t, py, {}, `import ${name}`, 'ModuleNotFoundError', new RegExp(name.replaceAll('.', '\\.')));
  }
  raises(t, py, {}, 'from js.noSuchThing import x', 'ModuleNotFoundError', /noSuchThing/);
});

test('js: globals can be set and deleted', async (load, t) => {
  const py = await load();
  t.after(() => delete globalThis.ferropyTestGlobal);
  run(py, {}, 'import js\njs.ferropyTestGlobal = 5');
  t.equal(globalThis.ferropyTestGlobal, 5);
  t.equal(run(py, {}, 'from js import ferropyTestGlobal\nferropyTestGlobal'), 5);
  run(py, {}, 'import js\ndel js.ferropyTestGlobal');
  t.equal('ferropyTestGlobal' in globalThis, false);
});

test('registerJsModule: attributes, methods, live values', async (load, t) => {
  const py = await load();
  const module = { x: 5, me() { return this === module; }, add: (a, b) => a + b, class: 'k' };
  py.registerJsModule('reg_basic', module);
  t.after(() => py.unregisterJsModule('reg_basic'));
  t.equal(
    seen(py, {}, 'import reg_basic as m\nm.x, m.me(), m.add(1, 2), m.class_, m.__name__'),
    "(5, True, 3, 'k', 'reg_basic')",
  );
  t.equal(seen(py, {}, 'from reg_basic import x, me, add\nx, me(), add(2, 2)'), '(5, True, 4)');
  module.later = 'added';
  t.equal(run(py, {}, 'from reg_basic import later\nlater'), 'added');
  run(py, {}, 'import reg_basic\nreg_basic.fromPython = [1]');
  t.equal(module.fromPython.length, 1);
  t.same(Object.keys(module), ['x', 'me', 'add', 'class', 'later', 'fromPython'], 'Python\'s module attributes stay outside');
  raises(t, py, {}, 'from reg_basic import nope', 'ImportError', /nope/);
  t.equal(
    seen(py, {}, 'import reg_basic, sys\nreg_basic is sys.modules["reg_basic"], reg_basic.__spec__.name'),
    "(True, 'reg_basic')",
  );
});

test('registerJsModule: nested objects are submodules', async (load, t) => {
  const py = await load();
  py.registerJsModule('reg_nested', { n: 1, sub: { y: 6, deep: { z: 7 } }, none: null });
  t.after(() => py.unregisterJsModule('reg_nested'));
  t.equal(
    seen(py, {}, 'from reg_nested.sub import y\nfrom reg_nested.sub.deep import z\nimport reg_nested.sub.deep as d\ny, z, d.z'),
    '(6, 7, 7)',
  );
  t.equal(run(py, {}, 'import reg_nested.sub\nreg_nested.sub.y'), 6);
  for (const name of ['reg_nested.n', 'reg_nested.none', 'reg_nested.nope', 'reg_nested.sub.nope']) {
    raises(t, py, {}, `import ${name}`, 'ModuleNotFoundError', new RegExp(name.replaceAll('.', '\\.')));
  }
});

test('registerJsModule: star imports', async (load, t) => {
  const py = await load();
  py.registerJsModule('reg_star', { a: 1, B: 2, f: () => 3 });
  t.after(() => py.unregisterJsModule('reg_star'));
  t.equal(seen(py, {}, 'scope = {}\nexec("from reg_star import *", scope)\nscope["a"], scope["B"], scope["f"]()'), '(1, 2, 3)');
  py.registerJsModule('reg_all', { __all__: ['a'], a: 1, b: 2 });
  t.after(() => py.unregisterJsModule('reg_all'));
  t.equal(seen(py, {}, 'scope = {}\nexec("from reg_all import *", scope)\n"a" in scope, "b" in scope'), '(True, False)');
});

test('registerJsModule: functions, arrays and bare objects', async (load, t) => {
  const py = await load();
  const modules = { reg_function: () => 'called', reg_array: [1, 2], reg_bare: Object.assign(Object.create(null), { x: 3 }) };
  for (const [name, module] of Object.entries(modules)) {
    py.registerJsModule(name, module);
    t.after(() => py.unregisterJsModule(name));
  }
  t.equal(
    seen(py, {}, 'import reg_function, reg_array\nfrom reg_bare import x\nreg_function(), reg_array[1], x'),
    "('called', 2, 3)",
  );
});

test('registering again, unregistering', async (load, t) => {
  const py = await load();
  py.registerJsModule('reg_twice', { v: 1 });
  t.equal(run(py, {}, 'import reg_twice\nreg_twice.v'), 1);
  py.registerJsModule('reg_twice', { v: 2 });
  t.equal(run(py, {}, 'import reg_twice\nreg_twice.v'), 1, 'what is imported stays');
  forget(py, 'reg_twice');
  t.equal(run(py, {}, 'import reg_twice\nreg_twice.v'), 2);
  py.unregisterJsModule('reg_twice');
  t.equal(run(py, {}, 'import reg_twice\nreg_twice.v'), 2, 'what is imported stays');
  forget(py, 'reg_twice');
  raises(t, py, {}, 'import reg_twice', 'ModuleNotFoundError', /reg_twice/);
  const again = t.throws(() => py.unregisterJsModule('reg_twice'));
  t.equal(again.type, 'ValueError');
  t.match(again.message, /reg_twice/);
});

test('register_js_module and unregister_js_module from Python', async (load, t) => {
  const py = await load();
  t.equal(
    seen(py, { o: { x: 5 } }, 'register_js_module("reg_python", o)\nimport reg_python\nreg_python.x, reg_python == o'),
    '(5, True)',
  );
  run(py, {}, 'unregister_js_module("reg_python")');
  forget(py, 'reg_python');
  raises(t, py, {}, 'import reg_python', 'ModuleNotFoundError', /reg_python/);
  raises(t, py, {}, 'unregister_js_module("never_registered")', 'ValueError', /never_registered/);
  raises(t, py, { o: {} }, 'register_js_module(5, o)', 'TypeError', /str/);
  for (const value of ['5', 'None', '{"a": 1}']) raises(t, py, {}, `register_js_module("bad", ${value})`, 'TypeError', /JsProxy/);
});

test('registerJsModule refuses what is no module', async (load, t) => {
  const py = await load();
  for (const args of [[5, {}], ['zz', 5], ['zz', null], ['zz', undefined], ['zz', 'text'], []]) {
    t.equal(t.throws(() => py.registerJsModule(...args)).type, 'TypeError', JSON.stringify(args));
  }
  raises(t, py, {}, 'import zz', 'ModuleNotFoundError', /zz/);
});

test('Python\'s own modules come first', async (load, t) => {
  const py = await load();
  py.registerJsModule('colorsys', { fake: true });
  t.after(() => py.unregisterJsModule('colorsys'));
  t.equal(seen(py, {}, 'import colorsys\nhasattr(colorsys, "fake"), callable(colorsys.rgb_to_hsv)'), '(False, True)');
});

test('hostile modules', async (load, t) => {
  const py = await load();
  py.registerJsModule('reg_getter', { get x() { throw new RangeError('getter'); }, ok: 1 });
  t.after(() => py.unregisterJsModule('reg_getter'));
  raises(t, py, {}, 'from reg_getter import x', 'JsException', /getter/);
  raises(t, py, {}, 'import reg_getter.x', 'JsException', /getter/);
  t.equal(run(py, {}, 'from reg_getter import ok\nok'), 1);
  py.registerJsModule('reg_proxy', new Proxy({}, { get() { throw new RangeError('trap'); }, has: () => true }));
  t.after(() => py.unregisterJsModule('reg_proxy'));
  raises(t, py, {}, 'from reg_proxy import x', 'JsException', /trap/);
});

test('pyodide_js is the API itself', async (load, t) => {
  const py = await load();
  t.equal(run(py, {}, 'import pyodide_js\npyodide_js.version'), py.version);
  t.equal(run(py, {}, 'from pyodide_js import runPython\nrunPython("6 * 7")'), 42);
});

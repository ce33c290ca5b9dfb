"""A stand-in for `pyperf`, enough for pyperformance's scripts, plus the driver that runs them.

The same file runs in every runtime that is compared, so that all of them measure in the same way. It starts no
processes, keeps no statistics and prints nothing but results: that is the caller's part.
"""

import argparse
import gc
import json
import runpy
import sys
import time
import types

perf_counter = time.perf_counter

# Seconds that one measurement should at least take, so that the clock's grain does not show.
_GRAIN = 0.1

# What the script being run may spend, and what it measured: name -> seconds per loop.
_budget = 1.0
_results = {}


def _measure(name, time_func, inner_loops):
    """Measures `time_func(loops)` until the budget is spent; the first call of all is the warm-up."""
    loops, spent, values = 1, 0.0, []
    while True:
        gc.collect()
        elapsed = time_func(loops)
        spent += elapsed
        if elapsed < _GRAIN and not values and loops < 1 << 20:
            loops *= 2 if elapsed > _GRAIN / 8 else 8
            continue
        values.append(elapsed / loops / (inner_loops or 1))
        if spent >= _budget or len(values) >= 10:
            break
    # The first value warmed caches up; it only counts where nothing else could be measured.
    _results[name] = values[1:] or values


class Runner:
    """What scripts call: the interface is pyperf's."""

    def __init__(self, add_cmdline_args=None, **_):
        self.metadata = {}
        self.argparser = argparse.ArgumentParser()
        self.args = None

    def parse_args(self, args=None):
        self.args = self.argparser.parse_args(args)
        return self.args

    def bench_func(self, name, func, *args, inner_loops=None, **_):
        def time_func(loops):
            begin = perf_counter()
            for _ in range(loops):
                func(*args)
            return perf_counter() - begin

        _measure(name, time_func, inner_loops)

    def bench_time_func(self, name, time_func, *args, inner_loops=None, **_):
        _measure(name, lambda loops: time_func(loops, *args), inner_loops)

    def bench_async_func(self, name, func, *args, inner_loops=None, **_):
        """Drives the coroutine by hand: only for those that never wait for an event loop."""

        def time_func(loops):
            begin = perf_counter()
            for _ in range(loops):
                try:
                    func(*args).send(None)
                except StopIteration:
                    continue
                raise RuntimeError(f"{name} waits for an event loop")
            return perf_counter() - begin

        _measure(name, time_func, inner_loops)


def python_implementation():
    return sys.implementation.name


def run_script(path, argv, budget):
    """Runs one script as `__main__` and returns what it measured, as JSON."""
    global _budget, _results
    _budget, _results = budget, {}
    module = types.ModuleType("pyperf")
    for name in ("Runner", "perf_counter", "python_implementation"):
        setattr(module, name, globals()[name])
    sys.modules["pyperf"] = module
    folder = path.rpartition("/")[0]
    before_modules, before_argv = set(sys.modules), sys.argv
    sys.argv = [path, *argv]
    sys.path.insert(0, folder)
    try:
        runpy.run_path(path, run_name="__main__")
    finally:
        sys.path.remove(folder)
        sys.argv = before_argv
        # Helper modules beside the script must not be taken for those of the next one.
        for name in set(sys.modules) - before_modules:
            origin = getattr(sys.modules[name], "__file__", None) or ""
            if origin.startswith(folder):
                del sys.modules[name]
    return json.dumps(_results)


def serve():
    """For a native Python: a request per line of stdin, an answer per line of stdout."""
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"results": json.loads(run_script(**request))}
        except BaseException as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    serve()

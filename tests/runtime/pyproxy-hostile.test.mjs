/** Input that means harm: destruction in the middle of work, wrong receivers, endless recursion. */
import { test } from '../harness/body.mjs';

/** The value of `f()`, or the error it throws. */
const attempt = async (f) => {
  try {
    return await f();
  } catch (error) {
    return error;
  }
};

/** The interpreter must work, and its memory must be in order. */
const isAlive = (py, t, what) => {
  t.equal(py.runPython('import gc\ngc.collect()\n[bytes(100) for _ in range(1000)]\nsum(range(10))'), 45, `alive after: ${what}`);
};

/** Runs every case with an object that `kill()` destroys, and wants that value. */
const destroying = (py, t, cases) => {
  for (const [name, [code, use, wanted]] of Object.entries(cases)) {
    let object;
    py.globals.set('kill', () => object.destroy());
    object = py.runPython(code);
    t.same(use(object, () => object.destroy()), wanted, name);
    isAlive(py, t, name);
    t.match(t.throws(() => object.x, name).message, /destroyed/, name);
  }
};

test('destroyed by the Python code that it runs', async (load, t) => {
  const py = await load();
  destroying(py, t, {
    __call__: ['class K:\n    def __call__(self): kill(); return 3\nK()', (o) => o(), 3],
    'a function': ['lambda *args, **kwargs: (kill(), len(args) + len(kwargs))[1]', (o) => o.callKwargs(1, { a: 1 }), 2],
    __str__: ['class K:\n    def __str__(self): kill(); return "text"\nK()', (o) => String(o), 'text'],
    __len__: ['class K:\n    def __len__(self): kill(); return 3\nK()', (o) => o.length, 3],
    __getattr__: ['class K:\n    def __getattr__(self, name): kill(); return name\nK()', (o) => o.name, 'name'],
    property: ['class K:\n    @property\n    def p(self): kill(); return [1]\nK()', (o) => o.p.toString(), '[1]'],
    __setattr__: ['class K:\n    def __setattr__(self, name, value): kill()\nK()', (o) => Reflect.set(o, 'x', 1), true],
    __delattr__: ['class K:\n    def __delattr__(self, name): kill()\nK()', (o) => delete o.x, true],
    __dir__: ['class K:\n    def __dir__(self): kill(); return ["a"]\nK()', (o) => Object.getOwnPropertyNames(o), ['a']],
    __iter__: ['class K:\n    def __iter__(self): kill(); return iter([1, 2])\nK()', (o) => [...o], [1, 2]],
    __getitem__: ['class K:\n    def __getitem__(self, key): kill(); return 3\nK()', (o) => o.get(1), 3],
    __setitem__: ['class K:\n    def __setitem__(self, key, value): kill()\nK()', (o) => o.set(1, 2), undefined],
    __delitem__: ['class K:\n    def __delitem__(self, key): kill()\nK()', (o) => o.delete(1), undefined],
    __contains__: ['class K:\n    def __contains__(self, item): kill(); return True\nK()', (o) => o.has(1), true],
    __next__: ['class K:\n    def __next__(self): kill(); return 3\nK()', (o) => o.next(), { done: false, value: 3 }],
  });
});

test('destroyed by a callback of its own method', async (load, t) => {
  const py = await load();
  for (const method of ['forEach', 'map', 'filter', 'find', 'reduce', 'every']) {
    const list = py.runPython('[1, 2, 3]');
    const error = t.throws(() => list[method](() => {
      list.destroy();
      return method === 'every';
    }), method);
    t.match(error.message, /destroyed/, method);
  }
  const sorted = py.runPython('[3, 1, 2]');
  t.ok((await attempt(() => sorted.sort((a, b) => { sorted.destroy(); return a - b; }))) !== undefined, 'sort');
  const elements = py.runPython('[[3], [1], [2]]');
  elements.sort((a, b) => {
    const order = a[0] - b[0];
    a.destroy();
    b.destroy();
    return order;
  });
  t.equal(elements.toString(), '[[1], [2], [3]]');
  const iterator = py.runPython('[1, 2, 3]');
  const started = iterator[Symbol.iterator]();
  iterator.destroy();
  t.same([started.next().value, started.next().value], [1, 2]);
  isAlive(py, t, 'callbacks');
});

const OWN = { skip: { peer: 'ends the peer with a fatal error, or makes it hang' }, timeout: 120 };

test('destroyed in the middle of generators, kwargs, buffers and comparisons', OWN, async (load, t) => {
  const py = await load({});
  destroying(py, t, {
    'a running generator': ['def g():\n    yield 1\n    kill()\n    yield 2\ng()', (o) => [o.next().value, o.next().value], [1, 2]],
    'a generator that ends': ['def g():\n    yield 1\n    kill()\ng()', (o) => [o.next().value, o.next().done], [1, true]],
    'a generator that closes': ['def g():\n    try: yield 1\n    finally: kill()\ng()', (o) => [o.next().value, o.return(5).value], [1, 5]],
    'a generator thrown into': [
      'def g():\n    try: yield 1\n    except Exception: kill()\n    yield 2\ng()',
      (o) => [o.next().value, o.throw(new Error('x')).value],
      [1, 2],
    ],
    'a getter among the keyword arguments': [
      'lambda **kwargs: kwargs["a"]',
      (o, destroy) => {
        // Either the call goes through or it says that the function is gone.
        try {
          return o.callKwargs({ get a() { destroy(); return 1; } });
        } catch (error) {
          return /destroyed/.test(error.message) ? 1 : error;
        }
      },
      1,
    ],
    __buffer__: ['class K:\n    def __buffer__(self, flags): kill(); return memoryview(b"abc")\nK()', (o) => o.getBuffer().data.length, 3],
    'comparison in includes': ['class K:\n    def __eq__(self, other): kill(); return False\n[K(), K()]', (o) => o.includes(3), false],
    'converters of toJs': [
      '[object(), [object()], {"a": object()}]',
      (o, destroy) => o.toJs({ default_converter: () => { destroy(); return 'x'; } }),
      ['x', ['x'], { a: 'x' }],
    ],
    'eager converters of toJs': [
      '[[1], {"a": (2,)}]',
      (o, destroy) => o.toJs({ eager_converter: (x, convert) => { destroy(); return convert(x); } }),
      [[1], { a: [2] }],
    ],
  });
});

test('next, return and throw of a destroyed iterator', OWN, async (load, t) => {
  const py = await load({});
  for (const [code, methods] of Object.entries({
    'iter([1])': ['next'],
    '(x for x in [1])': ['next', 'return', 'throw'],
  })) {
    for (const method of methods) {
      const iterator = py.runPython(code);
      iterator.destroy();
      t.match(t.throws(() => iterator[method](new Error('x')), `${code} ${method}`).message, /destroyed/);
      isAlive(py, t, `${code} ${method}`);
    }
  }
  for (const method of ['next', 'return', 'throw']) {
    const generator = py.runPython('async def g():\n    yield 1\ng()');
    generator.destroy();
    t.match((await t.rejects(async () => generator[method](new Error('x')), method)).message, /destroyed/);
    isAlive(py, t, `async ${method}`);
  }
  const looped = py.runPython('(x for x in [1, 2, 3])');
  const seen = [];
  const error = t.throws(() => {
    for (const x of looped) {
      seen.push(x);
      looped.destroy();
    }
  });
  t.match(error.message, /destroyed/);
  t.same(seen, [1]);
  isAlive(py, t, 'loop over a generator');
});

test('endless recursion through both languages, and in __str__', OWN, async (load, t) => {
  const py = await load({});
  const down = py.runPython('def down(n): return up(n)\ndown');
  py.globals.set('up', (n) => down(n));
  t.ok(t.throws(() => down(1)) instanceof Error, 'calls');
  isAlive(py, t, 'calls');
  const object = py.runPython('class Q:\n    def __getattr__(self, name): return read()\nQ()');
  py.globals.set('read', () => object.missing);
  t.ok(t.throws(() => object.missing) instanceof Error, 'attributes');
  isAlive(py, t, 'attributes');
  const words = t.throws(() => String(py.runPython('class R:\n    def __str__(self): return str(self)\nR()')));
  t.equal(words.type, 'RecursionError');
  isAlive(py, t, '__str__');
});

test('recursion inside Python, started from JavaScript', async (load, t) => {
  const py = await load();
  const error = t.throws(() => py.runPython('def forever(): return forever()\nforever')());
  t.equal(error.type, 'RecursionError');
  isAlive(py, t, 'recursion');
});

test('destruction in __del__', async (load, t) => {
  const py = await load();
  let object;
  let called = 0;
  py.globals.set('gone', () => {
    called++;
    object.destroy();
  });
  object = py.runPython('class D:\n    def __del__(self): gone()\nD()');
  object.destroy();
  t.equal(called, 1);
  let kept;
  py.globals.set('keep', (x) => { kept = x.copy(); });
  py.runPython('class Phoenix:\n    def __del__(self): keep(self)\nPhoenix()').destroy();
  t.equal(kept.type, 'Phoenix', 'an object may come back to life');
  kept.destroy();
  py.setStderr({ batched: () => {} });
  t.after(() => py.setStderr());
  t.equal(py.runPython('class Raises:\n    def __del__(self): raise OSError("del")\nRaises()').destroy(), undefined);
  isAlive(py, t, '__del__');
});

test('methods called on something else', async (load, t) => {
  const py = await load();
  const list = py.runPython('[1]');
  const f = py.runPython('len');
  const methods = [
    list.get, list.set, list.has, list.delete, list.toJs, list.copy, list.destroy, list.toString, f.callKwargs, f.captureThis,
    f.bind,
  ];
  for (const method of methods) {
    for (const receiver of [{}, [], 5, null, undefined, () => 1]) {
      t.ok((await attempt(() => method.call(receiver, {}))) instanceof Error, `${method.name} of ${String(receiver)}`);
    }
  }
  t.ok((await attempt(() => list.push.call(py.runPython('object()'), 1))) instanceof Error, 'push of an object');
  isAlive(py, t, 'wrong receivers');
});

test('a type whose every attribute raises', async (load, t) => {
  const py = await load();
  const walls = py.runPython('class Wall:\n    def __getattribute__(self, name): raise OSError(name)\n[Wall()]');
  const object = await attempt(() => walls.get(0));
  t.ok(object instanceof py.ffi.PyProxy || object instanceof Error, 'a proxy or an error');
  if (object instanceof py.ffi.PyProxy) t.ok(t.throws(() => object.x) instanceof py.ffi.PythonError);
  isAlive(py, t, 'the wall');
});

test('metaclasses and descriptors that raise', async (load, t) => {
  const py = await load();
  const object = py.runPython(`
class Meta(type):
    def __instancecheck__(cls, other): raise OSError("instancecheck")
    def __subclasscheck__(cls, other): raise OSError("subclasscheck")
    def __call__(cls, *args): return super().__call__(*args)
class Odd(metaclass=Meta):
    __iter__ = None
    class Descriptor:
        def __get__(self, instance, owner): raise OSError("get")
        def __set__(self, instance, value): raise OSError("set")
    d = Descriptor()
Odd()`);
  t.equal(object.type, 'Odd');
  t.match(t.throws(() => object.d).message, /OSError: get/);
  t.match(t.throws(() => { object.d = 1; }).message, /OSError: set/);
  t.ok((await attempt(() => [...object])) instanceof Error, '__iter__ = None');
  isAlive(py, t, 'metaclasses');
});

test('destroyed proxies as arguments, keys, values, results', async (load, t) => {
  const py = await load();
  const gone = py.runPython('[1]');
  gone.destroy();
  py.globals.set('give', () => gone);
  const dict = py.runPython('{}');
  const list = py.runPython('[1]');
  const uses = [
    () => py.globals.set('x', gone), () => py.runPython('repr')(gone), () => py.runPython('lambda **k: k').callKwargs({ a: gone }),
    () => dict.set('a', gone), () => dict.set(gone, 1), () => dict.get(gone), () => dict.has(gone), () => dict.delete(gone),
    () => { dict.a = gone; }, () => list.push(gone), () => { list[0] = gone; }, () => list.fill(gone), () => list.includes(gone),
    () => { py.runPython('class C: pass\nC()').x = gone; },
    () => py.runPython('(x for x in [1])').next(gone), () => py.runPython('lambda *a: a').bind(null, gone)(), () => py.runPython('give()'),
  ];
  for (const use of uses) t.match(t.throws(use, String(use)).message, /destroyed/, String(use));
  t.equal(dict.length, 0);
  t.equal(list.toString(), '[1]');
  isAlive(py, t, 'destroyed arguments');
});

test('getters, proxies and revoked objects as arguments', async (load, t) => {
  const py = await load();
  const anything = py.runPython('lambda *args, **kwargs: len(args) + len(kwargs)');
  const trap = () => {
    throw new RangeError('trap');
  };
  const throwing = new Proxy({}, { get: trap, has: trap, ownKeys: trap, getPrototypeOf: trap });
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();
  for (const value of [throwing, revoked]) {
    const plain = await attempt(() => anything(value));
    t.ok(plain === 1 || plain instanceof Error, 'as an argument');
    t.ok((await attempt(() => anything.callKwargs(value))) instanceof Error, 'as keywords');
  }
  isAlive(py, t, 'traps');
});

test('many proxies, made and destroyed', async (load, t) => {
  const py = await load();
  const make = py.runPython('class M: pass\nlambda: M()');
  const proxies = Array.from({ length: 20_000 }, () => make());
  for (const proxy of proxies) proxy.destroy();
  for (const proxy of proxies) proxy.destroy();
  t.equal(py.runPython('sum(type(o) is M for o in gc.get_objects())'), 0);
  isAlive(py, t, 'many proxies');
});

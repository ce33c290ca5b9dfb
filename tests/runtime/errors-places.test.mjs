/** Every operation of the border that can throw, does. */
import { test } from '../harness/body.mjs';

test('wherever JavaScript can call Python', async (load, t) => {
  const py = await load();
  py.runPython(`
class Bad:
    @property
    def something(self): raise ValueError("getattr")
    def __setattr__(self, name, value): raise ValueError("setattr")
    def __delattr__(self, name): raise ValueError("delattr")
    def __getitem__(self, key): raise ValueError("getitem")
    def __setitem__(self, key, value): raise ValueError("setitem")
    def __delitem__(self, key): raise ValueError("delitem")
    def __contains__(self, key): raise ValueError("contains")
    def __len__(self): raise ValueError("len")
    def __iter__(self): raise ValueError("iter")
    def __str__(self): raise ValueError("str")
    def __repr__(self): raise ValueError("repr")
class BadCall:
    def __call__(self): raise ValueError("call")
bad = Bad()`);
  const bad = py.globals.get('bad');
  const badCall = py.runPython('BadCall()');
  const uses = {
    getattr: () => bad.something,
    setattr: () => (bad.a = 1),
    delattr: () => delete bad.a,
    getitem: () => bad.get('k'),
    setitem: () => bad.set('k', 1),
    delitem: () => bad.delete('k'),
    contains: () => bad.has('k'),
    len: () => bad.length,
    iter: () => [...bad],
    str: () => bad.toString(),
    call: () => badCall(),
  };
  for (const [name, use] of Object.entries(uses)) {
    const error = t.throws(use, `${name} does not throw`);
    t.equal(error.type, 'ValueError', name);
    t.match(error.message, new RegExp(`ValueError: ${name}\\n?$`));
  }
  t.equal(bad.missing, undefined, 'AttributeError is undefined');
  const generator = py.runPython('def g():\n    yield 1\n    raise ValueError("generator")\ng()');
  t.equal(generator.next().value, 1);
  t.match(t.throws(() => generator.next()).message, /ValueError: generator/);
  for (const proxy of [bad, badCall, generator]) proxy.destroy();
});

test('wherever Python can call JavaScript', async (load, t) => {
  const py = await load();
  const error = new RangeError('mine');
  const thrower = () => {
    throw error;
  };
  py.globals.set('bad', {
    get property() {
      return thrower();
    },
    set property(value) {
      thrower();
    },
    toString: thrower,
    get: thrower,
    set: thrower,
    has: thrower,
    delete: thrower,
    get length() {
      return thrower();
    },
    [Symbol.iterator]: thrower,
  });
  py.globals.set('bad_map', { get: thrower, set: thrower, has: thrower, delete: thrower, size: 1, [Symbol.iterator]: thrower });
  py.globals.set(
    'BadClass',
    class {
      constructor() {
        thrower();
      }
    },
  );
  py.globals.set('bad_iterator', {
    *[Symbol.iterator]() {
      yield 1;
      thrower();
    },
  });
  py.globals.set('thrower', thrower);
  py.globals.set('error', error);
  for (const code of [
    'bad.property',
    'bad.property = 1',
    'repr(bad)',
    'bad_map["k"]',
    'bad_map["k"] = 1',
    '"k" in bad_map',
    'del bad_map["k"]',
    'list(bad_map)',
    'BadClass.new()',
    'list(bad_iterator)',
    'thrower()',
    'thrower(1, [2], k=3)',
  ]) {
    py.globals.set('code', code);
    t.equal(
      py.runPython('try:\n    exec(code)\n    result = "nothing"\nexcept BaseException as e:\n    result = e == error or repr(e)\nresult'),
      true,
      code,
    );
  }
});

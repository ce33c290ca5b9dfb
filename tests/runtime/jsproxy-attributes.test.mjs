/** JsProxy: attributes, dir, repr, identity, truth, and what is refused (hash, copies, pickles). */
import { raises, run, seen } from '../harness/bridge.mjs';
import { test } from '../harness/body.mjs';

test('get: own, inherited, accessors', async (load, t) => {
  const py = await load();
  class Base {
    get doubled() {
      return this.n * 2;
    }
  }
  class Thing extends Base {
    n = 21;
    nothing = undefined;
    none = null;
  }
  const o = new Thing();
  t.equal(seen(py, { o }, '(o.n, o.doubled, o.nothing, o.none, o.constructor.name)'), "(21, 42, None, jsnull, 'Thing')");
  t.equal(
    seen(py, { o }, 'getattr(o, "n"), getattr(o, "missing", "default"), getattr(o, "nothing", "default")'),
    "(21, 'default', None)",
  );
  t.equal(run(py, { o: { 'a b': 5, 7: 'seven' } }, 'getattr(o, "a b") + len(getattr(o, "7"))'), 10);
  t.equal(run(py, { o: { 한국: '어' } }, 'o.한국'), '어');
});

test('get: a name that is not there is an AttributeError that says it', async (load, t) => {
  const py = await load();
  raises(t, py, { o: {} }, 'o.wanted', 'AttributeError', /wanted/);
  raises(t, py, { o: () => 1 }, 'o.wanted', 'AttributeError', /wanted/);
  raises(t, py, { o: [1] }, 'o.wanted', 'AttributeError', /wanted/);
  raises(t, py, { o: Object.create(null) }, 'o.toString', 'AttributeError', /toString/);
  raises(t, py, { o: {} }, 'getattr(o, 5)', 'TypeError', /string/);
  raises(t, py, { o: {} }, 'setattr(o, 5, 1)', 'TypeError', /string/);
});

test('set and delete change the object', async (load, t) => {
  const py = await load();
  const o = { keep: 1, gone: 2, child: {} };
  run(py, { o }, 'o.keep = "new"\no.added = 2.5\no.child.deep = True\ndel o.gone\nsetattr(o, "a b", None)');
  t.same(o, { keep: 'new', added: 2.5, child: { deep: true }, 'a b': undefined });
  run(py, { o }, 'del o.neverThere');
  const calls = [];
  const accessor = { set x(value) { calls.push(value); }, get x() { return 'got'; } };
  t.equal(run(py, { o: accessor }, 'o.x = 7\no.x'), 'got');
  t.same(calls, [7]);
});

test('set: Python objects come back as themselves', async (load, t) => {
  const py = await load();
  t.equal(run(py, { o: {} }, 'a = []\no.a = a\no.a is a'), true);
  t.equal(run(py, { o: {} }, 'class C: pass\nc = C()\no.a = c\no.a is c and isinstance(o.a, C)'), true);
  t.equal(run(py, { o: {} }, 'o.a = lambda x: x + 1\no.a(1)'), 2);
  const o = {};
  run(py, { o }, 'o.me = o');
  t.equal(o.me, o);
});

test('hasattr is JavaScript\'s "in"', async (load, t) => {
  const py = await load();
  const o = Object.create({ inherited: 1 }, { hidden: { value: 1, enumerable: false } });
  o.u = undefined;
  const code = '[hasattr(o, n) for n in ("u", "inherited", "hidden", "toString", "constructor", "nope")]';
  t.equal(seen(py, { o }, code), '[True, True, True, True, True, False]');
  t.equal(seen(py, { o: Object.create(null) }, 'hasattr(o, "toString")'), 'False');
  t.equal(
    seen(py, { o: class { static s = 1; } }, 'hasattr(o, "s"), hasattr(o, "prototype"), hasattr(o, "new")'),
    '(True, True, True)',
  );
});

test('keywords take a trailing underscore', async (load, t) => {
  const py = await load();
  const o = { class: 'k', from: 'f', None: 'n', async: 'a' };
  t.equal(seen(py, { o }, 'o.class_, o.from_, o.None_, o.async_, getattr(o, "class")'), "('k', 'f', 'n', 'a', 'k')");
  run(py, { o }, 'o.class_ = "new"\ndel o.from_\no.import_ = 1');
  t.same(o, { class: 'new', None: 'n', async: 'a', import: 1 });
  t.equal(seen(py, { o }, 'hasattr(o, "class_"), hasattr(o, "from_"), hasattr(o, "class__")'), '(True, False, False)');
  // One underscore more for each that the JavaScript name has.
  t.equal(seen(py, { o: { class_: 1, class: 2 } }, 'o.class__, o.class_'), '(1, 2)');
  // Soft keywords and names of builtins are ordinary.
  t.equal(seen(py, { o: { match: 1, match_: 2, type: 3, print_: 4 } }, 'o.match, o.match_, o.type, o.print_'), '(1, 2, 3, 4)');
  raises(t, py, { o: { match: 1 } }, 'o.match_', 'AttributeError', /match_/);
});

test('keywords as methods: Array.from_, Promise-like finally_, with_', async (load, t) => {
  const py = await load();
  t.equal(seen(py, { Array }, 'list(Array.from_("abc"))'), "['a', 'b', 'c']");
  t.equal(seen(py, { o: { with(x) { return this.n + x; }, n: 1 } }, 'o.with_(2)'), '3');
});

test('dir: names of the object and of its prototypes, as Python can write them', async (load, t) => {
  const py = await load();
  class Base {
    inherited() {}
  }
  class Thing extends Base {
    own = 1;
    class = 2;
    class_ = 3;
    [Symbol('secret')] = 4;
    5 = 6;
  }
  const names = { o: new Thing() };
  t.equal(run(py, names, '{"own", "inherited", "constructor", "toString", "class_", "class__"} <= set(dir(o))'), true);
  t.equal(run(py, names, '{"to_py", "js_id", "typeof", "object_keys", "__class__"} <= set(dir(o))'), true);
  t.equal(run(py, names, '"class" in dir(o) or "5" in dir(o) or any("secret" in n for n in dir(o))'), false);
  t.equal(run(py, names, 'all(isinstance(n, str) for n in dir(o)) and dir(o) == sorted(set(dir(o)))'), true);
  t.equal(run(py, { o: Object.create(null, { x: { value: 1 } }) }, '"x" in dir(o) and "toString" not in dir(o)'), true);
  t.equal(run(py, { o: function named(a) {} }, '{"apply", "bind", "name", "length", "new"} <= set(dir(o))'), true);
});

test('keys of arrays are hidden, so that dict.update sees pairs', async (load, t) => {
  const py = await load();
  const o = [['a', 'b'], [1, 2]];
  t.equal(seen(py, { o }, 'hasattr(o, "keys"), "keys" in dir(o), hasattr(o, "entries")'), '(False, False, True)');
  t.equal(seen(py, { o }, 'd = {}\nd.update(o)\nd'), "{'a': 'b', 1: 2}");
  t.equal(seen(py, { o }, 'dict(o)'), "{'a': 'b', 1: 2}");
  t.equal(seen(py, { o: new Uint8Array(1) }, 'hasattr(o, "keys")'), 'False');
  t.equal(seen(py, { o: new Map() }, 'hasattr(o, "keys")'), 'True');
});

test('Python\'s names for modules stay on the Python side', async (load, t) => {
  const py = await load();
  const o = {};
  t.equal(run(py, { o }, 'o.__name__ = "n"\no.__spec__ = o.__loader__ = o.__package__ = o.__path__ = 1\no.__name__'), 'n');
  t.same(o, {});
  t.equal(seen(py, { o }, 'o.__name__ = 1\ndel o.__name__\nhasattr(o, "__name__")'), 'False');
  run(py, { o }, 'o.__file__ = "f"\no.__other__ = 2');
  t.same(o, { __file__: 'f', __other__: 2 });
  t.equal(seen(py, { o }, 'o.__class__ is type(o), type(o).__name__, type(o).__module__'), "(True, 'JsProxy', 'pyodide.ffi')");
  raises(t, py, { o }, 'o.__dict__', 'AttributeError');
});

test('JavaScript\'s refusals to set and delete arrive', async (load, t) => {
  const py = await load();
  const frozen = Object.freeze({ a: 1 });
  for (const code of ['o.a = 2', 'o.b = 2', 'del o.a']) raises(t, py, { o: frozen }, code, 'JsException', /TypeError/);
  t.same(frozen, { a: 1 });
  raises(t, py, { o: { get x() { return 1; } } }, 'o.x = 2', 'JsException', /TypeError/);
  const stubborn = new Proxy({}, { set: () => false, deleteProperty: () => false });
  raises(t, py, { o: stubborn }, 'o.x = 1', 'JsException', /TypeError/);
  raises(t, py, { o: stubborn }, 'del o.x', 'JsException', /TypeError/);
});

test('repr and str are toString', async (load, t) => {
  const py = await load();
  const both = (o) => seen(py, { o }, 'repr(o), str(o), f"{o}", "%s" % o').match(/'(.*?)'/g).map((s) => s.slice(1, -1));
  const same4 = (o, text) => t.same(both(o), [text, text, text, text]);
  same4({}, '[object Object]');
  same4([1, [2, 3]], '1,2,3');
  same4(new Map(), '[object Map]');
  same4({ toString: () => 'mine' }, 'mine');
  same4(Object.create(null), '[object Object]');
  same4({ toString: 5 }, '[object Object]');
  same4({ [Symbol.toStringTag]: 'Tag' }, '[object Tag]');
  same4(Symbol('desc'), 'Symbol(desc)');
  same4(/a+/g, '/a+/g');
  same4(new Date(NaN), 'Invalid Date');
  t.match(run(py, { o: function named() {} }, 'repr(o)'), /^function named\(\)/);
  raises(t, py, { o: {} }, 'format(o, ">9")', 'TypeError', /format/);
});

test('typeof', async (load, t) => {
  const py = await load();
  const names = { a: {}, b: () => 1, c: class {}, d: Symbol('s'), e: [], f: new Error('x') };
  t.equal(
    seen(py, names, '[x.typeof for x in (a, b, c, d, e, f, jsnull)]'),
    "['object', 'function', 'function', 'symbol', 'object', 'object', 'object']",
  );
});

test('== is identity in JavaScript', async (load, t) => {
  const py = await load();
  const o = {};
  const names = { o, again: o, other: {}, box: { o } };
  t.equal(seen(py, names, 'o == again, o != again, o == box.o, o == other, o != other'), '(True, False, True, False, True)');
  t.equal(seen(py, names, 'o == 5, o != 5, o == None, o == "[object Object]"'), '(False, True, False, False)');
  t.equal(seen(py, { a: [1] }, 'a == [1], a == a, [a] == [a]'), '(False, True, True)');
  const f = () => 1;
  t.equal(seen(py, { f, g: f, o: { f } }, 'f == g, f == o.f'), '(True, True)');
  const s = Symbol('s');
  t.equal(seen(py, { s, again: s, other: Symbol('s') }, 's == again, s == other'), '(True, False)');
});

test('<, > and their like between two proxies are JavaScript\'s', async (load, t) => {
  const py = await load();
  const names = { a: new Date(0), b: new Date(5), c: new Date(5), o: {} };
  t.equal(seen(py, names, 'a < b, b < a, b <= c, b >= c, a > b, b == c'), '(True, False, True, True, False, False)');
  t.equal(seen(py, names, 'sorted([b, a])[0] == a, max([a, b]) == b'), '(True, True)');
  for (const code of ['o < 5', '5 < o', 'o >= "x"', 'o < None']) raises(t, py, names, code, 'TypeError', /not supported/);
});

test('not hashable; js_id stands in', async (load, t) => {
  const py = await load();
  const o = {};
  const m = new Map();
  for (const value of [{}, [], () => 1, new Map(), new Error('x'), Symbol('s')]) {
    raises(t, py, { value }, 'hash(value)', 'TypeError', /unhashable/);
  }
  raises(t, py, { o }, '{o}', 'TypeError', /unhashable/);
  raises(t, py, { o }, '{o: 1}', 'TypeError', /unhashable/);
  t.equal(
    seen(
      py,
      { o, again: o, other: {}, m, m2: m },
      'type(o.js_id).__name__, o.js_id == again.js_id, o.js_id == other.js_id, m.js_id == m2.js_id',
    ),
    "('int', True, False, True)",
  );
  t.equal(run(py, { o, again: o }, '{o.js_id: "found"}[again.js_id]'), 'found');
});

test('js_id belongs to the object, not to the proxy', { skip: { peer: 'the peer numbers what is alive in Python' } }, async (load, t) => {
  const py = await load();
  const o = { f() {} };
  const first = run(py, { o }, 'o.js_id');
  run(py, { o: {} }, 'o.js_id');
  t.equal(run(py, { o }, 'o.js_id'), first, 'also when no proxy lived in between');
  t.equal(seen(py, { o }, 'o.as_object_map().js_id == o.js_id, o.as_py_json().js_id == o.js_id'), '(True, True)');
  t.equal(run(py, { o, f: o.f }, 'o.f.js_id == f.js_id'), true, 'whatever a method is bound to');
});

test('bool: empty containers are false, everything else is true', async (load, t) => {
  const py = await load();
  const truth = (o) => run(py, { o }, 'bool(o)');
  const falsy = [[], new Map(), new Set(), new Uint8Array(0), new ArrayBuffer(0), { size: 0 }];
  const truthy = [
    {}, [0], new Map([[1, 1]]), new Set([1]), new Uint8Array(1), () => 1, function () {}, Symbol('s'), new Error(''),
    Object.create(null), { length: 0 }, new Boolean(false), new Number(0), new WeakMap(),
  ];
  falsy.forEach((o, i) => t.equal(truth(o), false, `falsy ${i}`));
  truthy.forEach((o, i) => t.equal(truth(o), true, `truthy ${i}`));
  t.equal(run(py, {}, 'bool(jsnull)'), false);
});

test('elements of a page are true even when their size is 0', { only: { window: 'elements exist only in windows' } }, async (load, t) => {
  const py = await load();
  const select = document.createElement('select');
  t.equal(run(py, { select }, 'bool(select)'), true);
});

test('copies and pickles are refused, and say what', async (load, t) => {
  const py = await load();
  for (const o of [{}, [1], () => 1, new Map()]) {
    raises(t, py, { o }, 'import copy; copy.copy(o)', 'TypeError', /JsProxy/);
    raises(t, py, { o }, 'import copy; copy.deepcopy([o])', 'TypeError', /JsProxy/);
    raises(t, py, { o }, 'import pickle; pickle.dumps(o)', 'TypeError', /JsProxy/);
  }
  raises(t, py, { o: {} }, 'import pickle; pickle.dumps(create_proxy({}))', 'TypeError', /JsProxy/);
  raises(t, py, { o: {} }, 'import json; json.dumps(o)', 'TypeError', /JsProxy/);
});

test('the object\'s own methods: object_keys, object_values, object_entries', async (load, t) => {
  const py = await load();
  const o = { a: 1, b: 'two', [Symbol('s')]: 3 };
  t.equal(
    seen(py, { o }, 'list(o.object_keys()), list(o.object_values()), [list(e) for e in o.object_entries()]'),
    "(['a', 'b'], [1, 'two'], [['a', 1], ['b', 'two']])",
  );
  t.equal(seen(py, { o: [5, 6] }, 'list(o.object_keys()), isinstance(o.object_values(), JsArray)'), "(['0', '1'], True)");
  t.equal(seen(py, { o: () => 1 }, 'list(o.object_entries())'), '[]');
});

test('what a proxy does not support says so', async (load, t) => {
  const py = await load();
  for (const [code, words] of [
    ['o["a"]', /subscript/], ['o["a"] = 1', /assignment/], ['del o["a"]', /deletion/], ['len(o)', /len/],
    ['iter(o)', /iterable/], ['next(o)', /iterator/], ['o()', /callable/], ['"a" in o', /container|iterable/], ['o + o', /\+/],
    ['with o: pass', /context manager/],
  ]) {
    raises(t, py, { o: { a: 1 } }, code, 'TypeError', words);
  }
});

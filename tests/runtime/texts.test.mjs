/** Interned texts cross by their index in a cache; many of them at once share its places. */
import { test } from '../harness/body.mjs';

const COUNT = 5000;
const MAKE = `
import sys
names = [sys.intern(f"text_number_{i}") for i in range(${COUNT})]
`;

test('toJs: more interned texts than the cache has places', async (load, t) => {
  const py = await load();
  const namespace = py.toPy({});
  py.runPython(MAKE, { globals: namespace });
  const wanted = Array.from({ length: COUNT }, (_, index) => `text_number_${index}`);
  const convert = (code) => {
    const proxy = py.runPython(code, { globals: namespace });
    const copy = proxy.toJs({ dict_converter: (pairs) => [...pairs] });
    proxy.destroy();
    return copy;
  };
  t.same(convert('names'), wanted);
  t.same(convert('[(name, name) for name in names]'), wanted.map((name) => [name, name]));
  t.same(convert('{name: other for name, other in zip(names, reversed(names))}'), wanted.map((name, index) => [name, wanted[COUNT - 1 - index]]));
  t.same([...convert('set(names)')].sort(), [...wanted].sort());
  namespace.destroy();
});

test('arguments, keywords, items, attributes and results: interned texts', async (load, t) => {
  const py = await load();
  const namespace = py.toPy({});
  namespace.set('check', (...all) => all.join(' '));
  namespace.set('checkNamed', ({ ...all }) => JSON.stringify(all));
  namespace.set('map', new Map());
  namespace.set('object', {});
  py.runPython(MAKE, { globals: namespace });
  const wrong = py.runPython(
    `
import json, random
from pyodide.ffi import to_js
# Neighbours in memory seldom want the same place.
random.Random(1).shuffle(names)
wrong = []
for i in range(0, len(names) - 8, 8):
    part = names[i:i + 8]
    if check(*part) != " ".join(part):
        wrong.append(("arguments", i))
    if i < 1600:
        named = dict(zip(part, reversed(part)))
        if json.loads(checkNamed(**named)) != named:
            wrong.append(("keywords", i))
        for name, other in named.items():
            map[name] = other
            setattr(object, name, other)
            if map[name] != other or getattr(object, name) != other:
                wrong.append((name, other))
        if list(to_js(part)) != part:
            wrong.append(("to_js", i))
repr(wrong)`,
    { globals: namespace },
  );
  t.equal(wrong, '[]');
  namespace.destroy();
});

test('texts written while others are waiting to be read', async (load, t) => {
  const py = await load();
  const namespace = py.toPy({});
  namespace.set('check', (...all) => all.join(' '));
  py.runPython(MAKE, { globals: namespace });
  const list = py.runPython(
    `
class Talkative:
    """Its conversion writes texts itself."""
mixed = []
for name in names:
    mixed += [name, Talkative()] if name.endswith("7") else [name]
mixed`,
    { globals: namespace },
  );
  const speak = py.runPython('lambda n: check(*names[n % 4000:n % 4000 + 40])', { globals: namespace });
  let turn = 0;
  const copy = list.toJs({
    default_converter: () => speak(37 * ++turn).split(' ')[0],
    create_pyproxies: false,
  });
  turn = 0;
  const wanted = [];
  for (let index = 0; index < COUNT; index++) {
    wanted.push(`text_number_${index}`);
    if (index % 10 === 7) wanted.push(`text_number_${(37 * ++turn) % 4000}`);
  }
  t.same(copy, wanted);
  for (const proxy of [list, speak, namespace]) proxy.destroy();
});

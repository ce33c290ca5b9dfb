/** What JavaScript does with Python leaves nothing behind. */
import { FEW, MANY, OBJECTS, SOME, fails, leakless } from '../harness/leaks.mjs';

/** @param {(py: any, get: (name: string) => any) => () => unknown} prepare */
const fromJs = (prepare) => (py) => {
  py.runPython(OBJECTS);
  return prepare(py, (name) => py.globals.get(name));
};

leakless('runPython of a value', SOME, (py) => () => void py.runPython('6 * 7'));
leakless('runPython of an object', SOME, (py) => () => py.runPython('[1, [2]]').destroy());
leakless('runPython with globals of its own', SOME, (py) => () => {
  const globals = py.toPy({ a: 1 });
  py.runPython('b = [a]', { globals });
  globals.destroy();
});
leakless(
  'globals: get, set, has, delete',
  MANY,
  fromJs((py) => () => {
    py.globals.set('fresh', { a: [1] });
    py.globals.get('fresh');
    py.globals.get('words').destroy();
    py.globals.has('fresh');
    py.globals.delete('fresh');
  }),
);
leakless(
  'calls with values',
  MANY,
  fromJs((py, get) => {
    const same = get('same');
    return () => {
      for (const value of [1, 1.5, 'text', 'é€🐍', true, null, undefined, 5n, 2n ** 70n, 2 ** 40]) same(value);
    };
  }),
);
leakless(
  'calls with objects and functions',
  MANY,
  fromJs((py, get) => {
    const nothing = get('nothing');
    const same = get('same');
    return () => {
      nothing({}, [], () => 1, new Map(), Symbol('s'), new Error('e'));
      same({});
      nothing.callKwargs({}, { key: {} });
      nothing.callRelaxed([], []);
      nothing.callWithOptions({ relaxed: true, kwargs: true }, {}, { key: [] });
    };
  }),
);
leakless(
  'calls with and for proxies',
  MANY,
  fromJs((py, get) => {
    const same = get('same');
    const words = get('words');
    return () => same(words).destroy();
  }),
);
leakless(
  'attributes and methods',
  MANY,
  fromJs((py, get) => {
    const thing = get('thing');
    return () => {
      thing.part;
      thing.fresh().destroy();
      thing.method({}, 'x');
      thing.extra = { a: 1 };
      thing.extra;
      delete thing.extra;
      'extra' in thing;
      Object.keys(thing);
    };
  }),
);
leakless(
  'a fresh object with attributes that are proxies',
  MANY,
  fromJs((py, get) => {
    const Thing = get('Thing');
    return () => {
      const thing = Thing();
      thing.part.length;
      thing.method();
      thing.destroy();
    };
  }),
);
leakless(
  'lists',
  SOME,
  fromJs((py, get) => {
    const words = get('words');
    return () => {
      words.get(2).destroy();
      words.set(0, {});
      words.has('b');
      words.length;
      for (const word of words) word?.destroy?.();
      words.push({});
      words.pop();
      words.indexOf('b');
      words.slice(0, 1).destroy?.();
      words.join?.call(['a'], ',');
    };
  }),
);
leakless(
  'dicts',
  MANY,
  fromJs((py, get) => {
    const table = get('table');
    return () => {
      table.get('b').destroy();
      table.set('c', {});
      table.has('c');
      table.delete('c');
      for (const key of table) void key;
      const items = table.items();
      for (const entry of items) entry.destroy();
      items.destroy();
    };
  }),
);
leakless(
  'copy, destroy and use after destroy',
  MANY,
  fromJs((py, get) => {
    const words = get('words');
    return () => {
      const copy = words.copy();
      const other = copy.copy();
      copy.destroy();
      other.destroy();
      fails(() => copy.length);
    };
  }),
);
leakless(
  'generators',
  SOME,
  fromJs((py) => {
    const make = py.runPython(
      'def make():\n    try:\n        x = yield 1\n        yield x\n    except ValueError:\n        yield "caught"\nmake',
    );
    return () => {
      const whole = make();
      for (const value of whole) void value;
      whole.destroy();
      const part = make();
      part.next();
      part.next({});
      part.return({});
      part.destroy();
      const thrown = make();
      thrown.next();
      fails(() => thrown.throw(new Error('e')));
      thrown.destroy();
    };
  }),
);
leakless(
  'str, repr, type and comparison',
  MANY,
  fromJs((py, get) => {
    const words = get('words');
    return () => {
      words.toString();
      words.type;
      words instanceof py.ffi.PyProxy;
      `${words}`;
    };
  }),
);
leakless(
  'toJs',
  SOME,
  fromJs((py) => {
    const nested = py.runPython('[1, "x", {"a": [b"bytes", (1.5, None)]}, {2, 3}, 2**70]');
    const opaque = py.runPython('[object(), [range(2)]]');
    return () => {
      nested.toJs();
      nested.toJs({ dict_converter: (entries) => new Map(entries) });
      const pyproxies = [];
      opaque.toJs({ pyproxies });
      nested.toJs({ depth: 1, pyproxies });
      for (const proxy of pyproxies) proxy.destroy();
      opaque.toJs({ default_converter: (object, convert, cache) => (cache(object, 1), convert('x')) });
      nested.toJs({ eager_converter: (object, convert) => convert(object) });
    };
  }),
);
leakless(
  'toJs that fails',
  SOME,
  fromJs((py) => {
    const bad = py.runPython('[{"a": [object(), {(1, 2): 3}]}]');
    return () => {
      const pyproxies = [];
      fails(() => bad.toJs({ pyproxies }));
      for (const proxy of pyproxies) proxy.destroy();
      fails(() => bad.toJs({ create_pyproxies: false }));
      fails(() =>
        bad.toJs({
          default_converter: () => {
            throw new Error('e');
          },
        }),
      );
    };
  }),
);
leakless('toPy', SOME, (py) => () => {
  py.toPy([1, 'x', { a: new Map([[1, new Set([2])]]), f: () => 1, p: new Uint8Array(3) }]).destroy();
  py.toPy({ a: [{}] }, { depth: 1 }).destroy();
  py.toPy([new Date(0)], { defaultConverter: (value, convert) => convert([1]) }).destroy();
  fails(() => py.toPy([{}, new Map([[[1], 2]])]));
});
leakless('buffers', SOME, (py) => {
  const bytes = py.runPython('bytearray(1000)');
  const matrix = py.runPython('memoryview(bytes(12)).cast("B", [3, 4])');
  return () => {
    bytes.toJs();
    matrix.toJs();
    const buffer = bytes.getBuffer();
    buffer.data[0] = 1;
    buffer.release();
    py.toPy(new Float64Array(10)).destroy();
    py.toPy(new ArrayBuffer(10)).destroy();
  };
});
leakless(
  'asJsJson',
  SOME,
  fromJs((py) => {
    const data = py.runPython('{"a": [1, {"b": [2]}]}');
    return () => {
      const json = data.asJsJson();
      json.a[1].b[0];
      JSON.stringify(json);
    };
  }),
);
leakless(
  'bind and captureThis',
  SOME,
  fromJs((py) => {
    const make = py.runPython('lambda: (lambda *args: None)');
    return () => {
      const f = make();
      const holder = { a: 1, method: f.captureThis() };
      holder.method(2);
      f.bind({}, [])({});
      f.destroy();
    };
  }),
);
leakless(
  'strings of 10,000 characters',
  SOME,
  fromJs((py, get) => {
    const same = get('same');
    const texts = ['a', 'é', '€', '🐍'].map((c) => c.repeat(10_000));
    return () => texts.forEach((text) => same(text));
  }),
);
leakless('pyimport', SOME, (py) => () => {
  py.pyimport('math').destroy();
  const comb = py.pyimport('math.comb');
  comb(4, 2);
  comb.destroy();
});

leakless('runPythonAsync', FEW, (py) => async () => {
  await py.runPythonAsync('import asyncio\nawait asyncio.sleep(0)\n1');
  await py.runPythonAsync('raise ValueError("late")').catch(() => undefined);
});
leakless(
  'JavaScript awaits coroutines',
  SOME,
  fromJs((py, get) => {
    const answer = get('answer');
    const raiser = get('late_raiser');
    return async () => {
      for (const coroutine of [answer({}), raiser()]) {
        await Promise.resolve(coroutine).catch(() => undefined);
        coroutine.destroy?.();
      }
    };
  }),
);
leakless(
  'async generators',
  FEW,
  fromJs((py, get) => {
    const make = get('values');
    return async () => {
      const generator = make();
      for await (const value of generator) value?.destroy?.();
      generator.destroy();
    };
  }),
);
leakless(
  'a Python exception caught in JavaScript',
  SOME,
  fromJs((py, get) => {
    const raiser = get('raiser');
    return () => fails(raiser);
  }),
);
leakless('modules of JavaScript', FEW, (py) => {
  const round = py.runPython(`
import sys
def round():
    import leak_module
    leak_module.value, leak_module.inner.x
    del leak_module
    for name in [name for name in sys.modules if name.startswith("leak_module")]:
        del sys.modules[name]
round`);
  return () => {
    py.registerJsModule('leak_module', { value: 1, inner: { x: {} } });
    round();
    py.unregisterJsModule('leak_module');
  };
});

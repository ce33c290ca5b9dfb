/** Maps whose string keys are properties too: what `toJsLiteralMap` makes of dicts. */

class LiteralMap extends Map<unknown, unknown> {}

const handler: ProxyHandler<LiteralMap> = {
  get(map, name): unknown {
    if (name in map) {
      const member: unknown = Reflect.get(map, name, map);
      return typeof member === "function" && name !== "constructor"
        ? (member.bind(map) as unknown)
        : member;
    }
    return map.get(name);
  },
  set(map, name, value): boolean {
    map.set(name, value);
    return true;
  },
  has: (map, name) => name in map || map.has(name),
  deleteProperty: (map, name) => map.delete(name),
  ownKeys: (map) => [...map.keys()].filter((key) => typeof key === "string"),
  getOwnPropertyDescriptor: (map, name) =>
    map.has(name)
      ? { value: map.get(name), writable: true, enumerable: true, configurable: true }
      : undefined,
};

const all = new WeakSet<object>();

/** An empty one. */
export function makeLiteralMap(): Map<unknown, unknown> {
  const map = new Proxy(new LiteralMap(), handler);
  all.add(map);
  return map;
}

/** Whether a value is one. */
export function isLiteralMap(value: object): boolean {
  return all.has(value);
}

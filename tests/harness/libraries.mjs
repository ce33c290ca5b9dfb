/** Shared libraries for tests, written byte by byte: what a compiler makes of `int NAME(void)`. */

const leb = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >> 7)]);
const text = (value) => [...leb(value.length), ...Buffer.from(value)];
const section = (id, body) => [id, ...leb(body.length), ...body];
const list = (items) => [...leb(items.length), ...items.flat()];

/** A library with a custom section that makes it larger. */
export function padded(library, size) {
  const head = [...text('padding')];
  return Buffer.concat([library, Buffer.from([0, ...leb(size + head.length), ...head]), Buffer.alloc(size)]);
}

/**
 * A library with a function that returns a number, plus what a function of another library returns.
 * @param {{name: string, value: number, from?: {library: string, name: string}}} about
 */
export function library({ name, value, from }) {
  const memory = [1, 4, 0, 0, 0, 0];
  const needed = from ? list([text(from.library)]) : undefined;
  const dylink = [...text('dylink.0'), ...memory, ...(needed ? [2, ...leb(needed.length), ...needed] : [])];
  const type = [0x60, 0, 1, 0x7f];
  const imported = from ? [[...text('env'), ...text(from.name), 0, 0]] : [];
  const code = [0x41, value, ...(from ? [0x10, 0, 0x6a] : []), 0x0b];
  const body = [0, ...code];
  return Buffer.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(0, dylink),
    ...section(1, list([type])),
    ...(from ? section(2, list(imported)) : []),
    ...section(3, list([[0]])),
    ...section(7, list([[...text(name), 0, imported.length]])),
    ...section(10, list([[...leb(body.length), ...body]])),
  ]);
}

/**
 * Wheels that no honest tool makes: a zip writer that lies where it is told to.
 *
 * An entry is `{ name, data, ...lies }`; a lie replaces what both headers, or only the directory's, say.
 */
import { createHash } from 'node:crypto';
import { crc32, deflateRawSync } from 'node:zlib';

const bytes = (value) => (typeof value === 'string' ? Buffer.from(value) : value);

/**
 * @param {{name: string | Buffer, data: string | Buffer, mode?: number, flags?: number, method?: number, size?: number,
 *   packed?: Buffer, crc?: number, localName?: string, packedSize?: number}[]} entries
 */
export function zip(entries) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const entry of entries) {
    const name = bytes(entry.name);
    const localName = bytes(entry.localName ?? name);
    const data = bytes(entry.data);
    const packed = entry.packed ?? deflateRawSync(data);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(entry.flags ?? 0x800, 2);
    common.writeUInt16LE(entry.method ?? 8, 4);
    common.writeUInt32LE(0x5c210000, 6);
    common.writeUInt32LE(entry.crc ?? crc32(data), 10);
    common.writeUInt32LE(entry.packedSize ?? packed.length, 14);
    common.writeUInt32LE(entry.size ?? data.length, 18);
    const local = Buffer.from(common);
    local.writeUInt16LE(localName.length, 22);
    const head = Buffer.alloc(4);
    head.writeUInt32LE(0x04034b50);
    parts.push(head, local, localName, packed);
    const record = Buffer.alloc(46);
    record.writeUInt32LE(0x02014b50, 0);
    record.writeUInt16LE(0x0314, 4);
    common.copy(record, 6, 0, 22);
    record.writeUInt16LE(name.length, 28);
    record.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 38);
    record.writeUInt32LE(offset, 42);
    directory.push(record, name);
    offset += 30 + localName.length + packed.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}

const digest = (data) => createHash('sha256').update(data).digest('base64url');

/**
 * A wheel of zip entries. RECORD is right unless `record` changes its rows.
 * @param {{name: string, version?: string, metadata?: string, record?: (rows: string[]) => string[], after?: object[]}} about
 *   `after` are entries that come after its METADATA
 */
export function wheel({ name, version = '1.0', metadata = '', tag = 'py3-none-any', record = (rows) => rows, after = [] }, entries) {
  const info = `${name}-${version}.dist-info`;
  const all = [
    ...entries,
    { name: `${info}/METADATA`, data: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${metadata}` },
    { name: `${info}/WHEEL`, data: `Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: ${tag}\n` },
    ...after,
  ];
  const rows = all.map(({ name, data }) => `${name},sha256=${digest(data)},${bytes(data).length}`);
  const text = [...record(rows), `${info}/RECORD,,`, ''].join('\n');
  return zip([...all, { name: `${info}/RECORD`, data: text }]);
}

const code = { name: 'ferropy_hostile.py', data: 'VALUE = 1\n' };
const hostile = (...entries) => wheel({ name: 'ferropy_hostile' }, [code, ...entries]);

/** 64 MiB of zeros in a few kilobytes. */
const zeros = () => ({ name: 'zeros', data: Buffer.alloc(64 << 20) });

/** What is wrong with each, and what its error must say. */
export const HOSTILE = {
  absolute: [() => hostile({ name: '/etc/evil', data: '' }), 'absolute'],
  above: [() => hostile({ name: 'a/../../evil', data: '' }), 'leaves the folder'],
  backslash: [() => hostile({ name: 'a\\..\\evil', data: '' }), 'backslash'],
  symlink: [() => hostile({ name: 'link', data: '/etc/passwd', mode: 0o120777 }), 'link'],
  twice: [() => hostile(code), 'same name'],
  twiceBySpelling: [() => hostile({ name: 'a/b.py', data: '' }, { name: 'a//b.py', data: '' }), 'shortest form'],
  fileAndFolder: [() => hostile({ name: 'a', data: '' }, { name: 'a/b', data: '' }), 'both a file and a folder'],
  notUtf8: [() => hostile({ name: Buffer.from([0x61, 0xff, 0xfe]), data: '' }), 'UTF-8'],
  encrypted: [() => hostile({ name: 'secret', data: 'x', flags: 0x801 }), 'encrypted'],
  zip64: [() => hostile({ name: 'big', data: 'x', size: 0xffffffff }), 'zip64'],
  otherMethod: [() => hostile({ name: 'x', data: 'x', method: 12 }), 'compression method 12'],
  tooLong: [() => hostile({ name: 'x', data: 'long enough', size: 3 }), 'another size'],
  tooShort: [() => hostile({ name: 'x', data: 'short', size: 300 }), 'another size'],
  otherHeader: [() => hostile({ name: 'x.py', localName: 'y.py', data: '' }), 'says something else'],
  wrongChecksum: [() => hostile({ name: 'x', data: 'abc', crc: 1 }), 'checksum'],
  damaged: [() => hostile({ name: 'x', data: 'abc', packed: Buffer.from([7, 255, 255, 1]) }), 'x'],
  bomb: [() => hostile(...[0, 1].map((i) => ({ ...zeros(), name: `zeros${i}` }))), 'too large'],
  wrongRecord: [
    () => wheel({ name: 'ferropy_hostile', record: (rows) => rows.map((row) => row.replace(/sha256=..../, 'sha256=AAAA')) }, [code]),
    'hash in RECORD',
  ],
  unlisted: [() => wheel({ name: 'ferropy_hostile', record: (rows) => rows.slice(1) }, [code]), 'does not list'],
  noRecord: [
    () => zip([code, { name: 'ferropy_hostile-1.0.dist-info/METADATA', data: 'Name: ferropy_hostile\nVersion: 1.0\n' }, { name: 'ferropy_hostile-1.0.dist-info/WHEEL', data: 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\n' }]),
    'RECORD',
  ],
  otherProject: [() => wheel({ name: 'another' }, [code]), 'another project'],
};

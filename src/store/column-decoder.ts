import { Damage } from './damage.js';
import { mergeByteStreams } from './byte-stream-split.js';
import type { ListValues } from './column-source.js';
import { readListLengths, type ListProgress } from './levels.js';
import { findPages, openPage } from './page-reader.js';
import type { PhysicalType, ValueEncoding } from './schema.js';

/** The pages of one column in one row group, and what the footer says of them. */
export interface ColumnPages {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: PhysicalType;
  readonly encoding: ValueEncoding;
  readonly rows: number;
  /** Level entries of all pages. */
  readonly entries: number;
}

/** (rows). This and the functions below mirror column-writer.ts; what they throw is Damage. */
export function decodeStrings({ bytes, encoding, rows, entries }: ColumnPages): readonly string[] {
  expectEntries(entries, rows);
  const strings: string[] = [];
  for (const page of findPages(bytes, entries, encoding)) {
    const body = openPage(page);
    const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    let at = 0;
    for (let i = 0; i < page.entries; i++) {
      const start = at + 4;
      at = start <= text.length ? start + text.readUInt32LE(at) : Infinity;
      if (at > text.length) throw new Damage('a string ends beyond its page');
      strings.push(text.toString('utf8', start, at));
    }
    expectBytes(text.length, at);
  }
  return strings;
}

/** (rows) INT32 or DOUBLE. */
export function decodeNumbers({ bytes, type, encoding, rows, entries }: ColumnPages): Int32Array<ArrayBuffer> | Float64Array<ArrayBuffer> {
  expectEntries(entries, rows);
  const pages = findPages(bytes, entries, encoding);
  const values = type === 'DOUBLE' ? new Float64Array(rows) : new Int32Array(rows);
  const target = new Uint8Array(values.buffer);
  let used = 0;
  for (const page of pages) {
    const body = openPage(page);
    expectBytes(body.length, page.entries * values.BYTES_PER_ELEMENT);
    target.set(body, used);
    used += body.length;
  }
  return values;
}

/** One list a row, of INT32, FLOAT or BOOLEAN (as 0 and 1). */
export function decodeLists({ bytes, type, encoding, rows, entries }: ColumnPages): ListValues {
  const pages = findPages(bytes, entries, encoding);
  const lengths = new Int32Array(rows);
  const values = type === 'FLOAT' ? new Float32Array(entries) : type === 'INT32' ? new Int32Array(entries) : new Uint8Array(entries);
  const target = new Uint8Array(values.buffer);
  let progress: ListProgress = { lists: 0, values: 0 };
  for (const page of pages) {
    const { repetition, definition, plain } = splitLevels(openPage(page));
    const from = progress.values;
    progress = readListLengths(repetition, definition, page.entries, lengths, progress);
    if (type === 'BOOLEAN') {
      expectBytes(plain.length, (progress.values - from + 7) >>> 3);
      unpackBits(plain, target.subarray(from, progress.values));
    } else {
      expectBytes(plain.length, (progress.values - from) * 4);
      if (encoding === 'PLAIN') target.set(plain, from * 4);
      else mergeByteStreams(plain, target.subarray(from * 4, progress.values * 4));
    }
  }
  if (progress.lists !== rows) throw new Damage(`its levels must describe ${rows} lists, they describe ${progress.lists}`);
  return { offsets: offsetsOf(lengths), values: values.subarray(0, progress.values) };
}

/** (lengths + 1) Where each list begins, and the end of the last. Throws on a negative length and above 2^31 - 1 values. */
export function offsetsOf(lengths: Int32Array): Int32Array<ArrayBuffer> {
  const offsets = new Int32Array(lengths.length + 1);
  let end = 0;
  for (let i = 0; i < lengths.length; i++) {
    end += lengths[i]!;
    if (lengths[i]! < 0 || end > 0x7fffffff) throw new Damage(`the lists of a row group must have 0 to 2^31 - 1 values, list ${i} brings them to ${end}`);
    offsets[i + 1] = end;
  }
  return offsets;
}

function splitLevels(body: Uint8Array): { repetition: Uint8Array; definition: Uint8Array; plain: Uint8Array } {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const stream = (at: number): Uint8Array => {
    const end = at + 4 <= body.length ? at + 4 + view.getUint32(at, true) : Infinity;
    if (end > body.length) throw new Damage('the levels end beyond their page');
    return body.subarray(at + 4, end);
  };
  const repetition = stream(0);
  const definition = stream(4 + repetition.length);
  return { repetition, definition, plain: body.subarray(8 + repetition.length + definition.length) };
}

function unpackBits(packed: Uint8Array, target: Uint8Array): void {
  for (let i = 0; i < target.length; i++) target[i] = (packed[i >>> 3]! >>> (i & 7)) & 1;
}

function expectBytes(found: number, expected: number): void {
  if (found !== expected) throw new Damage(`the values of a page must take ${expected} bytes, they take ${found}`);
}

function expectEntries(entries: number, rows: number): void {
  if (entries !== rows) throw new Damage(`it must have ${rows} values, one a row, its footer says ${entries}`);
}

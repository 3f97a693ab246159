import type { Encoding, SchemaElement } from 'hyparquet';
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import { byteStreamSplit } from 'hyparquet/src/encoding.js';
import { CorruptInput } from './corrupt-input.js';
import { decodeRuns } from './parquet-runs.js';

/** A value of a column as it is stored: bytes for texts and other byte strings, null for a missing one. */
export type StoredValue = Uint8Array | bigint | number | boolean | null;

/** No page, packed or unpacked, may be larger than this: 1 GiB. */
export const MAX_PAGE_BYTES = 2 ** 30;

/** Decodes the `count` values of a page in its encoding. Byte strings are views of `bytes` where they lie there in one piece. */
export function decodeValues(encoding: Encoding, element: SchemaElement, bytes: Uint8Array, count: number, dictionary: readonly StoredValue[] | undefined): ArrayLike<StoredValue> {
  if (count === 0) return [];
  switch (encoding) {
    case 'PLAIN':
      return decodePlain(element, bytes, count);
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY':
      return decodeDictionary(bytes, count, dictionary);
    case 'DELTA_BINARY_PACKED': {
      const values = element.type === 'INT64' ? new BigInt64Array(count) : new Int32Array(count);
      deltaBinaryUnpack(readerOf(bytes), count, values);
      return values;
    }
    case 'DELTA_LENGTH_BYTE_ARRAY':
      return decodeDeltaStrings(bytes, count, false);
    case 'DELTA_BYTE_ARRAY':
      return decodeDeltaStrings(bytes, count, true);
    case 'BYTE_STREAM_SPLIT':
      if (!element.type) throw new CorruptInput('a column without a type');
      return byteStreamSplit(readerOf(bytes), count, element.type, element.type_length) as ArrayLike<StoredValue>;
    case 'RLE': {
      if (element.type !== 'BOOLEAN') throw new CorruptInput('run lengths in a column that is not boolean');
      return Array.from(decodeRuns(bytes, 4, 1, count), (value) => value === 1);
    }
    default:
      throw new CorruptInput(`encoding ${encoding} is not supported`);
  }
}

/** PLAIN: values one after the other, byte strings with their length (little-endian uint32) in front. */
function decodePlain(element: SchemaElement, bytes: Uint8Array, count: number): StoredValue[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { type } = element;
  if (type === 'BYTE_ARRAY') return decodePlainStrings(bytes, view, count);
  const width = type === 'FIXED_LEN_BYTE_ARRAY' ? (element.type_length ?? 0) : type === 'INT32' || type === 'FLOAT' ? 4 : type === 'INT96' ? 12 : 8;
  const length = type === 'BOOLEAN' ? Math.ceil(count / 8) : width * count;
  if (bytes.length < length) throw new CorruptInput(`a page has ${bytes.length} bytes for ${count} values, expected ${length}`);
  return Array.from({ length: count }, (_, i): StoredValue => {
    switch (type) {
      case 'BOOLEAN':
        return (bytes[i >> 3]! & (1 << (i & 7))) !== 0;
      case 'INT32':
        return view.getInt32(4 * i, true);
      case 'INT64':
        return view.getBigInt64(8 * i, true);
      case 'FLOAT':
        return view.getFloat32(4 * i, true);
      case 'DOUBLE':
        return view.getFloat64(8 * i, true);
      default:
        return bytes.subarray(width * i, width * (i + 1));
    }
  });
}

function decodePlainStrings(bytes: Uint8Array, view: DataView, count: number): Uint8Array[] {
  const values: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 4 > bytes.length) throw new CorruptInput('a page ends inside its values');
    const start = at + 4;
    at = start + view.getUint32(at, true);
    if (at > bytes.length) throw new CorruptInput('a page ends inside its values');
    values.push(bytes.subarray(start, at));
  }
  if (at !== bytes.length) throw new CorruptInput(`${bytes.length - at} bytes follow the values of a page`);
  return values;
}

function decodeDictionary(bytes: Uint8Array, count: number, dictionary: readonly StoredValue[] | undefined): StoredValue[] {
  if (dictionary === undefined) throw new CorruptInput('a dictionary-encoded page without a dictionary');
  const indices = decodeRuns(bytes, 1, bytes[0] ?? 0, count);
  return Array.from(indices, (index) => {
    const value = dictionary[index];
    if (value === undefined) throw new CorruptInput(`a page refers to entry ${index} of a dictionary of ${dictionary.length}`);
    return value;
  });
}

/** DELTA_LENGTH_BYTE_ARRAY, or with prefixes DELTA_BYTE_ARRAY: delta-packed lengths, then the strings (without what they share with their predecessor). */
function decodeDeltaStrings(bytes: Uint8Array, count: number, prefixed: boolean): Uint8Array[] {
  const reader = readerOf(bytes);
  const prefixes = new Int32Array(count);
  const lengths = new Int32Array(count);
  if (prefixed) deltaBinaryUnpack(reader, count, prefixes);
  deltaBinaryUnpack(reader, count, lengths);
  const values: Uint8Array[] = [];
  let at = reader.offset;
  let total = 0;
  let previous = new Uint8Array(0);
  for (let i = 0; i < count; i++) {
    const prefix = prefixes[i]!;
    const length = lengths[i]!;
    total += prefix + length;
    if (prefix < 0 || length < 0 || prefix > previous.length || at + length > bytes.length) throw new CorruptInput('a page ends inside its values');
    if (total > MAX_PAGE_BYTES) throw new CorruptInput(`the strings of a page take more than ${MAX_PAGE_BYTES} bytes`);
    const suffix = bytes.subarray(at, at + length);
    previous = prefix === 0 ? (suffix as Uint8Array<ArrayBuffer>) : Buffer.concat([previous.subarray(0, prefix), suffix]);
    values.push(previous);
    at += length;
  }
  return values;
}

function readerOf(bytes: Uint8Array): { view: DataView; offset: number } {
  return { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
}

import { crc32 } from 'node:zlib';
import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js';
import { Damage } from './damage.js';
import { MAX_PAGE_ENTRIES, type ValueEncoding } from './schema.js';
import { decompressZstd } from './zstd.js';

/** A page of a column chunk, still compressed. */
export interface PageSlot {
  /** Level entries: values, and one per empty list. */
  readonly entries: number;
  readonly compressed: Uint8Array;
  readonly uncompressedBytes: number;
  readonly crc: number;
}

/**
 * The pages of a column chunk, in order. Throws Damage where a page is not what PageEncoder writes in this encoding, and unless the pages have
 * `entries` entries together.
 */
export function findPages(chunk: Uint8Array<ArrayBuffer>, entries: number, encoding: ValueEncoding): readonly PageSlot[] {
  const reader = { view: new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength), offset: 0 };
  const pages: PageSlot[] = [];
  let seen = 0;
  while (reader.offset < chunk.length) {
    const { compressedBytes, ...header } = readHeader(reader, encoding);
    const compressed = chunk.subarray(reader.offset, reader.offset + compressedBytes);
    if (compressed.length < compressedBytes) throw new Damage(`a page of ${compressedBytes} bytes ends beyond its column`);
    pages.push({ ...header, compressed });
    reader.offset += compressedBytes;
    seen += header.entries;
  }
  if (seen !== entries) throw new Damage(`its pages must have ${entries} entries, they have ${seen}`);
  return pages;
}

/** Levels, if any, and values of a page. Throws Damage when its checksum does not hold. The codec must be loaded. */
export function openPage({ compressed, crc, uncompressedBytes }: PageSlot): Uint8Array {
  if ((crc32(compressed) | 0) !== crc) throw new Damage('the checksum of a page does not hold: its bytes were changed');
  return decompressZstd(compressed, uncompressedBytes);
}

/** Parses the header the reader stands at and moves behind it; field numbers are those of parquet.thrift. */
function readHeader(reader: { view: DataView; offset: number }, encoding: ValueEncoding): Omit<PageSlot, 'compressed'> & { readonly compressedBytes: number } {
  let page: Record<string, unknown>;
  try {
    page = deserializeTCompactProtocol(reader);
  } catch (cause) {
    throw new Damage('a page header cannot be parsed', { cause });
  }
  const { field_1: type, field_2: uncompressedBytes, field_3: compressedBytes, field_4: crc, field_5: data } = page;
  const { field_1: entries, field_2: code } = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>;
  const expected = encoding === 'PLAIN' ? 0 : 9;
  if (type !== 0 || code !== expected || typeof crc !== 'number' || !isCount(uncompressedBytes) || !isCount(compressedBytes) || !isCount(entries)) {
    throw new Damage(`a page header is not that of a ${encoding} data page with a checksum`);
  }
  if (entries > MAX_PAGE_ENTRIES) throw new Damage(`a page must have at most ${MAX_PAGE_ENTRIES} entries, its header says ${entries}`);
  return { uncompressedBytes, compressedBytes, crc, entries };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

import { crc32 } from 'node:zlib';
import type { ColumnMetaData, PageHeader, SchemaElement } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { readAt } from '../stream/file-chunks.js';
import { asCorrupt, CorruptInput } from './corrupt-input.js';
import { type PageCodec, pageCodec } from './parquet-codecs.js';
import type { ParquetFile } from './parquet-file.js';
import { decodeRuns } from './parquet-runs.js';
import { decodeValues, MAX_PAGE_BYTES, type StoredValue } from './parquet-values.js';

/** Bytes read from the file at once, unless a page is larger. */
const READ_BYTES = 256 * 1024;

/** Page headers are tens of bytes, with statistics hundreds; their length is only known once they are read. */
const MAX_HEADER_BYTES = 16 * 1024 * 1024;

/** The largest row group that common writers make (pyarrow's limit); a page beyond it is a forgery that would exhaust memory. */
const MAX_PAGE_VALUES = 64 * 1024 * 1024;

/** A column that is not nested, in one row group. */
export interface FlatColumn {
  readonly element: SchemaElement;
  readonly chunk: ColumnMetaData;
  readonly rows: number;
}

/**
 * The values of a column in one row group, page by page: no more than one page and the dictionary are in memory. The pages together have
 * exactly `rows` values. Page checksums are verified where the file has them. Throws CorruptInput where the bytes make no sense, TouchstoneError where they
 * cannot be read.
 */
export async function* columnPages(parquet: ParquetFile, { element, chunk, rows }: FlatColumn): AsyncGenerator<readonly StoredValue[], void, undefined> {
  try {
    const source = new ChunkSource(parquet, chunk);
    const codec = await pageCodec(chunk.codec);
    let dictionary: readonly StoredValue[] | undefined;
    let left = rows;
    while (left > 0) {
      const header = await source.header();
      const packed = await source.body(header);
      if (header.type === 'DICTIONARY_PAGE') {
        const page = codec(packed, sizeOf(header.uncompressed_page_size));
        dictionary = Array.from(decodeValues('PLAIN', element, page, countOf(header.dictionary_page_header?.num_values, MAX_PAGE_VALUES), undefined));
      } else if (header.type === 'DATA_PAGE' || header.type === 'DATA_PAGE_V2') {
        const values = header.type === 'DATA_PAGE' ? decodePage(header, packed, codec, element, left, dictionary) : decodePageV2(header, packed, codec, element, left, dictionary);
        left -= values.length;
        yield values;
      }
    }
  } catch (error) {
    throw asCorrupt(error);
  }
}

function decodePage(header: PageHeader, packed: Uint8Array, codec: PageCodec, element: SchemaElement, left: number, dictionary: readonly StoredValue[] | undefined): readonly StoredValue[] {
  const data = header.data_page_header;
  if (data === undefined) throw new CorruptInput('a data page without its header');
  const count = countOf(data.num_values, Math.min(left, MAX_PAGE_VALUES));
  const page = codec(packed, sizeOf(header.uncompressed_page_size));
  if (element.repetition_type === 'REQUIRED') return Array.from(decodeValues(data.encoding, element, page, count, dictionary));
  if (data.definition_level_encoding !== 'RLE') throw new CorruptInput(`levels in encoding ${data.definition_level_encoding} are not supported`);
  const levelBytes = page.length < 4 ? NaN : new DataView(page.buffer, page.byteOffset).getUint32(0, true);
  if (!(4 + levelBytes <= page.length)) throw new CorruptInput('a page ends inside its levels');
  const levels = decodeRuns(page.subarray(4, 4 + levelBytes), 0, 1, count);
  return withNulls(levels, (present) => decodeValues(data.encoding, element, page.subarray(4 + levelBytes), present, dictionary));
}

/** Version 2 keeps the levels in front of the values, outside the compression. */
function decodePageV2(header: PageHeader, packed: Uint8Array, codec: PageCodec, element: SchemaElement, left: number, dictionary: readonly StoredValue[] | undefined): readonly StoredValue[] {
  const data = header.data_page_header_v2;
  if (data === undefined) throw new CorruptInput('a data page without its header');
  const count = countOf(data.num_values, Math.min(left, MAX_PAGE_VALUES));
  const levelsEnd = data.repetition_levels_byte_length + data.definition_levels_byte_length;
  if (!(data.repetition_levels_byte_length >= 0 && data.definition_levels_byte_length >= 0 && levelsEnd <= packed.length)) throw new CorruptInput('a page ends inside its levels');
  const rest = packed.subarray(levelsEnd);
  const page = data.is_compressed === false ? rest : codec(rest, sizeOf(header.uncompressed_page_size - levelsEnd));
  if (element.repetition_type === 'REQUIRED') return Array.from(decodeValues(data.encoding, element, page, count, dictionary));
  const levels = decodeRuns(packed.subarray(data.repetition_levels_byte_length, levelsEnd), 0, 1, count);
  return withNulls(levels, (present) => decodeValues(data.encoding, element, page, present, dictionary));
}

/** Puts a null wherever the definition level of an optional column is 0. */
function withNulls(levels: Uint32Array, decode: (present: number) => ArrayLike<StoredValue>): readonly StoredValue[] {
  const values = decode(levels.reduce((sum, level) => sum + level, 0));
  let next = 0;
  return Array.from(levels, (level) => (level === 0 ? null : values[next++]!));
}

/** The bytes of a column chunk, read from the file in order. */
class ChunkSource {
  private readonly parquet: ParquetFile;
  private readonly end: number;
  /** Place in the file of the first byte of `ahead`. */
  private position: number;
  /** Bytes read and not yet used. Never written to again: values are views of it. */
  private ahead: Buffer = Buffer.alloc(0);

  constructor(parquet: ParquetFile, chunk: ColumnMetaData) {
    this.parquet = parquet;
    const dictionary = chunk.dictionary_page_offset;
    this.position = Number(dictionary && dictionary < chunk.data_page_offset ? dictionary : chunk.data_page_offset);
    this.end = this.position + Number(chunk.total_compressed_size);
    if (!(this.position >= 4 && this.position <= this.end && this.end <= parquet.file.bytes)) {
      throw new CorruptInput(`a column lies at bytes ${this.position} to ${this.end} of a file of ${parquet.file.bytes}`);
    }
  }

  async header(): Promise<PageHeader> {
    for (let bytes = 256; ; bytes *= 16) {
      const view = await this.peek(bytes);
      if (view.length === 0) throw new CorruptInput('a column ends before its last row');
      const reader = { view: new DataView(view.buffer, view.byteOffset, view.byteLength), offset: 0 };
      try {
        const header = parquetHeader(reader);
        this.take(reader.offset);
        return header;
      } catch (error) {
        // The header may only be longer than what was looked at.
        if (view.length < bytes || bytes > MAX_HEADER_BYTES) throw error;
      }
    }
  }

  async body(header: PageHeader): Promise<Uint8Array> {
    const size = sizeOf(header.compressed_page_size);
    const body = (await this.peek(size)).subarray(0, size);
    if (body.length < size) throw new CorruptInput('a page reaches beyond its column');
    if (header.crc !== undefined && crc32(body) !== header.crc >>> 0) throw new CorruptInput('a page does not match its checksum');
    this.take(size);
    return body;
  }

  /** At least this many of the next bytes; fewer only where the column ends. */
  private async peek(bytes: number): Promise<Buffer> {
    const left = this.end - this.position;
    if (this.ahead.length < Math.min(bytes, left)) {
      const more = await readAt(this.parquet.handle, this.parquet.file.location, this.position + this.ahead.length, Math.min(Math.max(bytes, READ_BYTES), left) - this.ahead.length);
      this.ahead = this.ahead.length === 0 ? more : Buffer.concat([this.ahead, more]);
    }
    return this.ahead;
  }

  private take(bytes: number): void {
    this.ahead = this.ahead.subarray(bytes);
    this.position += bytes;
  }
}

function sizeOf(bytes: number | undefined): number {
  if (bytes === undefined || !(bytes >= 0 && bytes <= MAX_PAGE_BYTES)) throw new CorruptInput(`a page of ${String(bytes)} bytes`);
  return bytes;
}

function countOf(values: number | undefined, most: number): number {
  if (values === undefined || !(values >= 0 && values <= most)) throw new CorruptInput(`a page of ${String(values)} values, expected at most ${most}`);
  return values;
}

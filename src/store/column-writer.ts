import { TouchstoneError } from '../errors.js';
import type { EncodedPage, PageEncoder } from './data-page.js';
import { ListLevels } from './levels.js';
import { canonicalNaN } from './loss.js';
import type { ColumnSpec, ValueEncoding } from './schema.js';
import { MAX_PAGE_BYTES } from './zstd.js';

/** Text bytes after which a page of strings ends. */
const PAGE_TEXT_BYTES = 1 << 20;

/** Collects one column of a row group into pages. */
export interface ColumnWriter<Row> {
  readonly spec: ColumnSpec<string>;
  append(row: Row): void;
  /** The pages since the last call; at least one when a row was appended. */
  finish(): EncodedPage[];
}

/** Lists. A page ends between rows; only a row larger than a page continues on the next one. */
export function listColumn<Row, A extends Int32Array | Float32Array | Uint8Array>(
  spec: ColumnSpec<string>,
  encoder: PageEncoder,
  encoding: ValueEncoding,
  staged: A,
  valuesOf: (row: Row) => A,
): ColumnWriter<Row> {
  const levels = new ListLevels();
  let pages: EncodedPage[] = [];
  let used = 0;

  function endPage(): void {
    if (levels.entries === 0) return;
    const filled = staged.subarray(0, used);
    if (filled instanceof Float32Array) canonicalNaN(filled);
    const values = spec.type === 'BOOLEAN' ? packBits(filled) : bytesOf(filled);
    const { entries } = levels;
    pages.push(encoder.encode({ entries, levels: levels.finish(), values, encoding }));
    used = 0;
  }

  return {
    spec,
    append(row) {
      const values = valuesOf(row);
      if (used + values.length > staged.length) endPage();
      for (let from = 0; ; ) {
        const part = values.subarray(from, from + staged.length - used);
        staged.set(part, used);
        levels.addRow(part.length, from > 0);
        used += part.length;
        from += part.length;
        if (from === values.length) return;
        endPage();
      }
    },
    finish() {
      endPage();
      const finished = pages;
      pages = [];
      return finished;
    },
  };
}

/** One number a row; a row group has at most a page of them. */
export function numberColumn<Row>(spec: ColumnSpec<string>, encoder: PageEncoder, staged: Int32Array | Float64Array, valueOf: (row: Row) => number): ColumnWriter<Row> {
  let used = 0;
  return {
    spec,
    append(row) {
      staged[used++] = valueOf(row);
    },
    finish() {
      const page = encoder.encode({ entries: used, values: bytesOf(staged.subarray(0, used)), encoding: 'PLAIN' });
      used = 0;
      return [page];
    },
  };
}

/** One string a row, as UTF-8 behind its length. */
export function stringColumn<Row>(spec: ColumnSpec<string>, encoder: PageEncoder, textOf: (row: Row) => string): ColumnWriter<Row> {
  let staged = Buffer.alloc(PAGE_TEXT_BYTES);
  let pages: EncodedPage[] = [];
  let entries = 0;
  let used = 0;

  function endPage(): void {
    if (entries === 0) return;
    pages.push(encoder.encode({ entries, values: staged.subarray(0, used), encoding: 'PLAIN' }));
    entries = 0;
    used = 0;
  }

  return {
    spec,
    append(row) {
      const text = textOf(row);
      const bytes = Buffer.byteLength(text);
      if (used + 4 + bytes > staged.length) {
        endPage();
        if (4 + bytes > staged.length) staged = Buffer.alloc(4 + bytes);
      }
      staged.writeUInt32LE(bytes, used);
      staged.write(text, used + 4);
      used += 4 + bytes;
      entries++;
    },
    finish() {
      endPage();
      const finished = pages;
      pages = [];
      return finished;
    },
  };
}

/** Throws unless the text can be stored as it is: UTF-8 has no lone surrogates, and a string must fit a page. */
export function checkText(name: string, text: string): void {
  if (!text.isWellFormed()) throw new TouchstoneError('internal', `${name} must be well-formed Unicode, got a lone surrogate in ${JSON.stringify(text.slice(0, 80))}`);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_PAGE_BYTES / 2) throw new TouchstoneError('internal', `${name} must be at most ${MAX_PAGE_BYTES / 2} bytes, got ${bytes}`);
}

function bytesOf(array: Int32Array | Float32Array | Float64Array | Uint8Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** PLAIN booleans: eight a byte, the first in the lowest bit. Any value but 0 is true. */
function packBits(values: Int32Array | Float32Array | Uint8Array): Uint8Array {
  const packed = new Uint8Array((values.length + 7) >>> 3);
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) packed[i >>> 3]! |= 1 << (i & 7);
  return packed;
}

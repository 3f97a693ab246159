import { TouchstoneError } from '../errors.js';
import type { ScoredDocument } from '../records.js';
import type { EncodedPage, PageEncoder } from './data-page.js';
import { ListLevels } from './levels.js';
import { canonicalNaN } from './loss.js';
import { PAGE_VALUES, ROW_GROUP_ROWS, columnEncoding, type ColumnSpec, type LossPrecision } from './schema.js';
import { MAX_PAGE_BYTES } from './zstd.js';

/** Text bytes after which a page of strings ends. */
const PAGE_TEXT_BYTES = 1 << 20;

/** One row as it is stored: the document with its losses at the stored precision, and what was summed over them. */
export interface StoredRow {
  readonly document: ScoredDocument;
  readonly losses: Float32Array;
  readonly scored: number;
  readonly lossSum: number;
}

/** Collects one column of a row group into pages. */
export interface ColumnWriter {
  readonly spec: ColumnSpec;
  append(row: StoredRow): void;
  /** The pages since the last call; at least one when a row was appended. */
  finish(): EncodedPage[];
}

export function openColumn(spec: ColumnSpec, pages: PageEncoder, precision: LossPrecision): ColumnWriter {
  switch (spec.name) {
    case 'doc_id':
      return stringColumn(spec, pages, (row) => row.document.id);
    case 'source':
      return stringColumn(spec, pages, (row) => row.document.source);
    case 'doc_hash':
      return stringColumn(spec, pages, (row) => row.document.hash);
    case 'token_ids':
      return listColumn(spec, pages, precision, new Int32Array(PAGE_VALUES), (row) => row.document.tokenIds);
    case 'ref_loss':
      return listColumn(spec, pages, precision, new Float32Array(PAGE_VALUES), (row) => row.losses);
    case 'entropy':
      return listColumn(spec, pages, precision, new Float32Array(PAGE_VALUES), (row) => row.document.entropy!);
    case 'top1':
      return listColumn(spec, pages, precision, new Uint8Array(PAGE_VALUES), (row) => row.document.top1!);
    case 'token_bytes':
      return listColumn(spec, pages, precision, new Int32Array(PAGE_VALUES), (row) => row.document.tokenBytes!);
    case 'doc_starts':
      return listColumn(spec, pages, precision, new Int32Array(PAGE_VALUES), (row) => row.document.docStarts!);
    case 'n_tokens':
      return numberColumn(spec, pages, new Int32Array(ROW_GROUP_ROWS), (row) => row.document.tokenIds.length);
    case 'n_scored':
      return numberColumn(spec, pages, new Int32Array(ROW_GROUP_ROWS), (row) => row.scored);
    case 'loss_sum':
      return numberColumn(spec, pages, new Float64Array(ROW_GROUP_ROWS), (row) => row.lossSum);
  }
}

/** Lists. A page ends between rows; only a row larger than a page continues on the next one. */
function listColumn<A extends Int32Array | Float32Array | Uint8Array>(
  spec: ColumnSpec,
  encoder: PageEncoder,
  precision: LossPrecision,
  staged: A,
  valuesOf: (row: StoredRow) => A,
): ColumnWriter {
  const levels = new ListLevels();
  const encoding = columnEncoding(spec, precision);
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
function numberColumn(spec: ColumnSpec, encoder: PageEncoder, staged: Int32Array | Float64Array, valueOf: (row: StoredRow) => number): ColumnWriter {
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
function stringColumn(spec: ColumnSpec, encoder: PageEncoder, textOf: (row: StoredRow) => string): ColumnWriter {
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

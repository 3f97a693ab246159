import type { ScoredDocument } from '../records.js';
import { listColumn, numberColumn, stringColumn, type ColumnWriter } from './column-writer.js';
import type { PageEncoder } from './data-page.js';
import { PAGE_VALUES, ROW_GROUP_ROWS, columnEncoding, type ColumnSpec, type LossPrecision } from './schema.js';

/** One row as it is stored: the document with its losses at the stored precision, and what was summed over them. */
export interface StoredRow {
  readonly document: ScoredDocument;
  readonly losses: Float32Array;
  readonly scored: number;
  readonly lossSum: number;
}

/** The writer of one column of a score shard. */
export function openColumn(spec: ColumnSpec, pages: PageEncoder, precision: LossPrecision): ColumnWriter<StoredRow> {
  const encoding = columnEncoding(spec, precision);
  switch (spec.name) {
    case 'doc_id':
      return stringColumn(spec, pages, (row: StoredRow) => row.document.id);
    case 'source':
      return stringColumn(spec, pages, (row: StoredRow) => row.document.source);
    case 'doc_hash':
      return stringColumn(spec, pages, (row: StoredRow) => row.document.hash);
    case 'token_ids':
      return listColumn(spec, pages, encoding, new Int32Array(PAGE_VALUES), (row: StoredRow) => row.document.tokenIds);
    case 'ref_loss':
      return listColumn(spec, pages, encoding, new Float32Array(PAGE_VALUES), (row: StoredRow) => row.losses);
    case 'entropy':
      return listColumn(spec, pages, encoding, new Float32Array(PAGE_VALUES), (row: StoredRow) => row.document.entropy!);
    case 'top1':
      return listColumn(spec, pages, encoding, new Uint8Array(PAGE_VALUES), (row: StoredRow) => row.document.top1!);
    case 'token_bytes':
      return listColumn(spec, pages, encoding, new Int32Array(PAGE_VALUES), (row: StoredRow) => row.document.tokenBytes!);
    case 'doc_starts':
      return listColumn(spec, pages, encoding, new Int32Array(PAGE_VALUES), (row: StoredRow) => row.document.docStarts!);
    case 'n_tokens':
      return numberColumn(spec, pages, new Int32Array(ROW_GROUP_ROWS), (row: StoredRow) => row.document.tokenIds.length);
    case 'n_scored':
      return numberColumn(spec, pages, new Int32Array(ROW_GROUP_ROWS), (row: StoredRow) => row.scored);
    case 'loss_sum':
      return numberColumn(spec, pages, new Float64Array(ROW_GROUP_ROWS), (row: StoredRow) => row.lossSum);
  }
}

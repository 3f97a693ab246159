import type { ByteSink } from '../stream/byte-sink.js';
import { TableWriter, ROW_GROUP_TOKENS, listColumn, numberColumn, stringColumn, PAGE_VALUES, ROW_GROUP_ROWS, type ColumnSpec } from '../store/tables.js';
import type { DocumentScores } from './document-scores.js';
import type { MaskOptions } from './options.js';

/** A document of a mask file. */
export interface MaskRow extends DocumentScores {
  readonly id: string;
  readonly source: string;
  readonly hash: string;
  /** (n) 1 = kept. */
  readonly mask: Uint8Array;
  /** (n) */
  readonly tokenIds: Int32Array;
  readonly scored: number;
  readonly kept: number;
}

/** The label that cross-entropies of the field leave out. */
const IGNORED = -100;

const column = (name: string, type: ColumnSpec<string>['type'], shape: ColumnSpec<string>['shape'] = 'row'): ColumnSpec<string> => ({ name, type, shape, optional: false });

/**
 * Opens a mask file: doc_id, source, doc_hash; `keep` list<bool> or `labels` list<int32>, entry t about token t of the score set's row; n_tokens, n_scored, n_kept;
 * mean_loss (nats), loss_percentile and bits_per_byte float64, NaN where there is nothing to say. Rows belong to the rows of the shard of the same name.
 */
export function openMaskFile(sink: ByteSink, format: MaskOptions['format']): Promise<TableWriter<MaskRow>> {
  return TableWriter.open<MaskRow>({
    sink,
    lossPrecision: 'exact',
    rowGroupTokens: ROW_GROUP_TOKENS,
    columns: (pages) => [
      stringColumn(column('doc_id', 'BYTE_ARRAY'), pages, ({ id }) => id),
      stringColumn(column('source', 'BYTE_ARRAY'), pages, ({ source }) => source),
      stringColumn(column('doc_hash', 'BYTE_ARRAY'), pages, ({ hash }) => hash),
      format === 'mask'
        ? listColumn<MaskRow, Uint8Array>(column('keep', 'BOOLEAN', 'tokens'), pages, 'PLAIN', new Uint8Array(PAGE_VALUES), ({ mask }) => mask)
        : listColumn<MaskRow, Int32Array>(column('labels', 'INT32', 'tokens'), pages, 'PLAIN', new Int32Array(PAGE_VALUES), labelsOf),
      numberColumn(column('n_tokens', 'INT32'), pages, new Int32Array(ROW_GROUP_ROWS), ({ mask }) => mask.length),
      numberColumn(column('n_scored', 'INT32'), pages, new Int32Array(ROW_GROUP_ROWS), ({ scored }) => scored),
      numberColumn(column('n_kept', 'INT32'), pages, new Int32Array(ROW_GROUP_ROWS), ({ kept }) => kept),
      numberColumn(column('mean_loss', 'DOUBLE'), pages, new Float64Array(ROW_GROUP_ROWS), ({ meanLoss }) => meanLoss),
      numberColumn(column('loss_percentile', 'DOUBLE'), pages, new Float64Array(ROW_GROUP_ROWS), ({ percentile }) => percentile),
      numberColumn(column('bits_per_byte', 'DOUBLE'), pages, new Float64Array(ROW_GROUP_ROWS), ({ bitsPerByte }) => bitsPerByte),
    ],
  });
}

function labelsOf({ mask, tokenIds }: MaskRow): Int32Array {
  return tokenIds.map((id, i) => (mask[i] === 1 ? id : IGNORED));
}

import type { ColumnName, ColumnValues, Lists, OptionalColumnName, RequiredColumnName } from './schema.js';

/** The columns of a row group when none were named: all the shard has. */
export type AllColumns = Pick<ColumnValues, RequiredColumnName> & Partial<Pick<ColumnValues, OptionalColumnName>>;

/** The columns of a row group by the names that were asked for. */
export type SomeColumns<N extends ColumnName> = Pick<ColumnValues, N>;

/** Consecutive rows of a shard, column by column. The arrays belong to whoever asked for them. */
export interface RowGroup<C extends Partial<ColumnValues> = AllColumns> {
  /** Number of the row group in its shard. */
  readonly index: number;
  /** Number of its first row in the shard. */
  readonly firstRow: number;
  readonly rows: number;
  readonly tokens: number;
  /** (rows + 1) Row r is entries offsets[r] to below offsets[r + 1] of every token column. */
  readonly offsets: Int32Array<ArrayBuffer>;
  /** Under the names in the file. */
  readonly columns: C;
}

/** A cell of each column; token columns and doc_starts are views into the row group's arrays. */
export interface RowValues {
  readonly doc_id: string;
  readonly source: string;
  readonly doc_hash: string;
  readonly token_ids: Int32Array<ArrayBuffer>;
  readonly ref_loss: Float32Array<ArrayBuffer>;
  readonly entropy: Float32Array<ArrayBuffer>;
  readonly top1: Uint8Array<ArrayBuffer>;
  readonly token_bytes: Int32Array<ArrayBuffer>;
  readonly doc_starts: Int32Array<ArrayBuffer>;
  readonly n_tokens: number;
  readonly n_scored: number;
  readonly loss_sum: number;
}

export type Row<C extends Partial<ColumnValues> = AllColumns> = { readonly [N in keyof C]: N extends ColumnName ? RowValues[N] : never };

/** The rows of a row group, in order. Nothing is copied: a row keeps its row group's arrays alive. */
export function* rowsOf<C extends Partial<ColumnValues>>(group: RowGroup<C>): Generator<Row<C>> {
  const { offsets } = group;
  const cells = (Object.entries(group.columns) as [ColumnName, ColumnValues[ColumnName]][]).map(([name, values]) => [name, cellsOf(name, values, offsets)] as const);
  for (let row = 0; row < group.rows; row++) yield Object.fromEntries(cells.map(([name, cell]) => [name, cell(row)])) as Row<C>;
}

function cellsOf(name: ColumnName, values: ColumnValues[ColumnName], offsets: Int32Array): (row: number) => unknown {
  switch (name) {
    case 'doc_id':
    case 'source':
    case 'doc_hash':
    case 'n_tokens':
    case 'n_scored':
    case 'loss_sum':
      return (row) => (values as ArrayLike<string | number>)[row];
    case 'doc_starts': {
      const { offsets: starts, values: all } = values as Lists;
      return (row) => all.subarray(starts[row], starts[row + 1]);
    }
    default:
      return (row) => (values as Int32Array).subarray(offsets[row], offsets[row + 1]);
  }
}

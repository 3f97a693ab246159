import type { ColumnSpec } from './schema.js';

/** Lists of one column over a row group: list i is values[offsets[i] .. offsets[i + 1]). Booleans are 0 and 1. */
export interface ListValues {
  /** (rows + 1) */
  readonly offsets: Int32Array<ArrayBuffer>;
  readonly values: Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;
}

/** Where the columns of a row group come from: our own pages, or a file that something else wrote. Errors lack the path. */
export interface ColumnSource {
  /** Names of the columns of schema.ts that the file has. */
  readonly columns: readonly ColumnSpec[];
  readonly groupRows: readonly number[];
  readStrings(group: number, column: ColumnSpec): Promise<readonly string[]>;
  readNumbers(group: number, column: ColumnSpec): Promise<Int32Array<ArrayBuffer> | Float64Array<ArrayBuffer>>;
  readLists(group: number, column: ColumnSpec): Promise<ListValues>;
}

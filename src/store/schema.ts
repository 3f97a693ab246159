/**
 * The columns of a score shard. Names are the ones written to the file; every reader, ours or foreign, sees the same.
 * Nothing is ever null, so every field is REQUIRED: a list costs two level entries a row and pandas, DuckDB and polars show plain lists.
 */

/** Version of the columns, their meaning and their encoding; a reader refuses a version it does not know. */
export const SCHEMA_VERSION = '1';

/** `created_by` of the footer: tells the typed decoder that it is looking at its own encoder's pages. */
export const CREATED_BY = `Touchstone version ${SCHEMA_VERSION}`;

export const VERSION_KEY = 'touchstone.schema_version';
export const PRECISION_KEY = 'touchstone.loss_precision';
export const CONVENTIONS_KEY = 'touchstone.conventions';

/** What every shard says about its numbers, so that a file alone explains itself. */
export const CONVENTIONS =
  'ref_loss[t] = -ln p(token_ids[t] | the tokens before it), in nats, target-indexed; NaN = not scored; loss_sum = sum of the ref_loss that are not NaN; ' +
  'a BOS prefix is in no column';

export type LossPrecision = 'exact' | 'grid11';
export type ValueEncoding = 'PLAIN' | 'BYTE_STREAM_SPLIT';

/** Values of a list page: 1 MiB of ids or losses. */
export const PAGE_VALUES = 1 << 18;

/** Rows after which a row group ends whatever its tokens: bounds the memory of a shard of tiny documents. */
export const ROW_GROUP_ROWS = 1 << 17;

/** Entries of a page: its values, and the empty lists of a row group. */
export const MAX_PAGE_ENTRIES = PAGE_VALUES + ROW_GROUP_ROWS;

/** The columns of a row group as arrays; token columns are indexed through `offsets` of the row group. */
export interface ColumnValues {
  /** (rows) */
  readonly doc_id: readonly string[];
  /** (rows) */
  readonly source: readonly string[];
  /** (rows) lower-case hex sha256. */
  readonly doc_hash: readonly string[];
  /** (tokens) */
  readonly token_ids: Int32Array<ArrayBuffer>;
  /** (tokens) nats; NaN = not scored. */
  readonly ref_loss: Float32Array<ArrayBuffer>;
  /** (tokens) nats; NaN where ref_loss is. */
  readonly entropy: Float32Array<ArrayBuffer>;
  /** (tokens) 1 where the token was the most likely one, 0 elsewhere. */
  readonly top1: Uint8Array<ArrayBuffer>;
  /** (tokens) UTF-8 bytes the token covers. */
  readonly token_bytes: Int32Array<ArrayBuffer>;
  /** Packed layout: where in the row a document begins. */
  readonly doc_starts: Lists;
  /** (rows) */
  readonly n_tokens: Int32Array<ArrayBuffer>;
  /** (rows) entries of ref_loss that are not NaN. */
  readonly n_scored: Int32Array<ArrayBuffer>;
  /** (rows) float64 sum, in order, of the stored ref_loss that are not NaN. */
  readonly loss_sum: Float64Array<ArrayBuffer>;
}

/** Lists whose lengths are not the rows' token counts: list i is values[offsets[i] .. offsets[i + 1]). */
export interface Lists {
  /** (lists + 1) */
  readonly offsets: Int32Array<ArrayBuffer>;
  readonly values: Int32Array<ArrayBuffer>;
}

export type ColumnName = keyof ColumnValues;
export type OptionalColumnName = 'entropy' | 'top1' | 'token_bytes' | 'doc_starts';
export type RequiredColumnName = Exclude<ColumnName, OptionalColumnName>;

/** Which optional columns a shard has; in the spelling of the records. */
export interface OptionalColumns {
  readonly entropy: boolean;
  readonly top1: boolean;
  readonly tokenBytes: boolean;
  readonly docStarts: boolean;
}

export type PhysicalType = 'BYTE_ARRAY' | 'INT32' | 'FLOAT' | 'DOUBLE' | 'BOOLEAN';

export interface ColumnSpec<N extends string = ColumnName> {
  readonly name: N;
  /** Physical type of the values; BYTE_ARRAY is always UTF-8 text. */
  readonly type: PhysicalType;
  /** `row`: one value a row; `tokens`: a list of n_tokens values a row; `list`: a list of its own length. */
  readonly shape: 'row' | 'tokens' | 'list';
  readonly optional: boolean;
}

const spec = (name: ColumnName, type: PhysicalType, shape: ColumnSpec['shape'], optional = false): ColumnSpec => ({ name, type, shape, optional });

/** All columns, in file order. */
export const COLUMNS: readonly ColumnSpec[] = [
  spec('doc_id', 'BYTE_ARRAY', 'row'),
  spec('source', 'BYTE_ARRAY', 'row'),
  spec('doc_hash', 'BYTE_ARRAY', 'row'),
  spec('token_ids', 'INT32', 'tokens'),
  spec('ref_loss', 'FLOAT', 'tokens'),
  spec('entropy', 'FLOAT', 'tokens', true),
  spec('top1', 'BOOLEAN', 'tokens', true),
  // Not uint8: one token may cover more than 255 bytes, a run of spaces for example.
  spec('token_bytes', 'INT32', 'tokens', true),
  spec('doc_starts', 'INT32', 'list', true),
  spec('n_tokens', 'INT32', 'row'),
  spec('n_scored', 'INT32', 'row'),
  spec('loss_sum', 'DOUBLE', 'row'),
];

/** The columns of a shard with these optional ones, in file order. */
export function shardColumns(optional: OptionalColumns): readonly ColumnSpec[] {
  const wanted = { entropy: optional.entropy, top1: optional.top1, token_bytes: optional.tokenBytes, doc_starts: optional.docStarts };
  return COLUMNS.filter(({ name }) => !(name in wanted) || wanted[name as OptionalColumnName]);
}

/** Path of a column's values in the Parquet schema: lists have the three levels the format's LIST section asks for. */
export function columnPath({ name, shape }: ColumnSpec<string>): readonly string[] {
  return shape === 'row' ? [name] : [name, 'list', 'element'];
}

/**
 * How a column's values are encoded. PLAIN opens everywhere. Losses on the 2^-11 grid are BYTE_STREAM_SPLIT: their low bytes are mostly zero, and
 * side by side they compress to 1.75 bytes a token instead of 2.3 (PLAIN), which is what the grid is for.
 */
export function columnEncoding({ name }: ColumnSpec<string>, precision: LossPrecision): ValueEncoding {
  return name === 'ref_loss' && precision === 'grid11' ? 'BYTE_STREAM_SPLIT' : 'PLAIN';
}

/** Reading score sets: typed arrays, rows, Arrow tables. Loads neither the runtime nor a tokenizer. */
export { openScoreSet, type ReadOptions, type ScoreSet, type ScoreSetOptions, type ScoreSetRowGroup } from './score-set.js';
export { openShard, type RowGroupSize, type Shard } from './reader.js';
export { checkShard, type ShardExpectation } from './check-shard.js';
export { toArrow } from './arrow.js';
export { rowsOf, type AllColumns, type Row, type RowGroup, type RowValues, type SomeColumns } from './row-group.js';
export { SCHEMA_VERSION, type ColumnName, type ColumnValues, type Lists } from './schema.js';
export { TouchstoneError, type ErrorKind } from '../errors.js';

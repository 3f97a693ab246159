/** Writing tables that are no score shards with the same pages, row groups and footers. */
export { listColumn, numberColumn, stringColumn, type ColumnWriter } from './column-writer.js';
export { PAGE_VALUES, ROW_GROUP_ROWS, type ColumnSpec } from './schema.js';
export { ROW_GROUP_TOKENS, TableWriter, type TableWriterOptions } from './table-writer.js';

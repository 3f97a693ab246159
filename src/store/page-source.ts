import type { ColumnChunk, FileMetaData } from 'hyparquet';
import { Damage } from './damage.js';
import { decodeLists, decodeNumbers, decodeStrings, type ColumnPages } from './column-decoder.js';
import type { ColumnSource } from './column-source.js';
import { ROW_GROUP_ROWS, columnEncoding, columnPath, shardColumns, type ColumnName, type ColumnSpec, type LossPrecision } from './schema.js';
import type { ShardFile } from './shard-file.js';
import { initZstd } from './zstd.js';

/** The columns of a file that ShardWriter wrote, decoded page by page into typed arrays. Throws Damage when the footer is not one of ShardWriter's. */
export async function openPageSource(file: ShardFile, footer: FileMetaData, precision: LossPrecision): Promise<ColumnSource> {
  const columns = ownColumns(footer);
  const groupRows = footer.row_groups.map((group) => Number(group.num_rows));
  for (const [i, group] of footer.row_groups.entries()) {
    const rows = groupRows[i]!;
    if (rows < 1 || rows > ROW_GROUP_ROWS) throw new Damage(`row group ${i} must have 1 to ${ROW_GROUP_ROWS} rows, its footer says ${rows}`);
    if (group.columns.length !== columns.length) throw new Damage(`row group ${i} must have ${columns.length} columns, its footer says ${group.columns.length}`);
    for (const [at, column] of columns.entries()) checkPlace(group.columns[at]!, column, file.bytes);
  }
  await initZstd();

  async function readPages(group: number, column: ColumnSpec): Promise<ColumnPages> {
    const data = footer.row_groups[group]!.columns[columns.indexOf(column)]!.meta_data!;
    const start = Number(data.data_page_offset);
    const bytes = await file.slice(start, start + Number(data.total_compressed_size));
    return { bytes, type: column.type, encoding: columnEncoding(column, precision), rows: groupRows[group]!, entries: Number(data.num_values) };
  }

  return {
    columns,
    groupRows,
    readStrings: async (group, column) => decodeStrings(await readPages(group, column)),
    readNumbers: async (group, column) => decodeNumbers(await readPages(group, column)),
    readLists: async (group, column) => decodeLists(await readPages(group, column)),
  };
}

/** The columns by the footer's schema; throws unless it is exactly a schema of ShardWriter. */
function ownColumns({ schema }: FileMetaData): readonly ColumnSpec[] {
  const named = new Set(schema.map(({ name }) => name));
  const has = (name: ColumnName): boolean => named.has(name);
  const columns = shardColumns({ entropy: has('entropy'), top1: has('top1'), tokenBytes: has('token_bytes'), docStarts: has('doc_starts') });
  const expected = ['group schema', ...columns.flatMap(describe)];
  const found = schema.map(({ name, type, repetition_type }) => [repetition_type, type ?? 'group', name].filter(Boolean).join(' '));
  for (let i = 0; i < Math.max(expected.length, found.length); i++) {
    if (expected[i] !== found[i]) throw new Damage(`element ${i} of its schema must be "${expected[i] ?? 'absent'}", its footer says "${found[i] ?? 'absent'}"`);
  }
  return columns;
}

function describe({ name, type, shape }: ColumnSpec): string[] {
  return shape === 'row' ? [`REQUIRED ${type} ${name}`] : [`REQUIRED group ${name}`, 'REPEATED group list', `REQUIRED ${type} element`];
}

/** Throws unless the footer describes this column, in pages that stand inside the file. */
function checkPlace({ meta_data: data }: ColumnChunk, column: ColumnSpec, fileBytes: number): void {
  if (data?.codec !== 'ZSTD' || data.type !== column.type || data.path_in_schema.join('.') !== columnPath(column).join('.')) {
    throw new Damage(`its footer describes something else where column ${column.name} should be`);
  }
  const start = Number(data.data_page_offset);
  const bytes = Number(data.total_compressed_size);
  if (start < 4 || bytes < 0 || start + bytes > fileBytes) throw new Damage(`column ${column.name} cannot take ${bytes} bytes from byte ${start} of a file of ${fileBytes}`);
}

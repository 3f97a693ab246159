import type { FileMetaData } from 'hyparquet';
import { TouchstoneError } from '../errors.js';
import { Damage, aboutFile } from './damage.js';
import { offsetsOf } from './column-decoder.js';
import type { ColumnSource } from './column-source.js';
import { openForeignSource } from './foreign-source.js';
import { openPageSource } from './page-source.js';
import type { RowGroup, SomeColumns } from './row-group.js';
import { COLUMNS, CREATED_BY, PRECISION_KEY, SCHEMA_VERSION, VERSION_KEY, type ColumnName, type ColumnSpec, type ColumnValues } from './schema.js';
import { ShardFile } from './shard-file.js';
import { readFooter } from './shard-footer.js';

/** A shard opened for reading. */
export interface Shard {
  readonly path: string;
  /** Size of the file. */
  readonly bytes: number;
  /** Footer key-value metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Names of its columns, in file order; columns this program does not know are left out. */
  readonly columns: readonly ColumnName[];
  /** What ShardWriter wrote is decoded by 'pages'; what another program wrote by 'hyparquet', slower. */
  readonly decoder: 'pages' | 'hyparquet';
  readonly rows: number;
  readonly tokens: number;
  readonly rowGroups: readonly RowGroupSize[];
  /** Bytes read of the file so far. */
  readonly bytesRead: number;
  /**
   * A row group with all columns or only those named; bytes of the others are never read (n_tokens always is). Memory: its arrays and its compressed
   * pages. Throws a usage error when the shard lacks a named column, an io error when bytes are damaged: pages carry checksums.
   */
  readRowGroup(index: number): Promise<RowGroup>;
  readRowGroup<N extends ColumnName>(index: number, options: { readonly columns: readonly N[] }): Promise<RowGroup<SomeColumns<N>>>;
  close(): Promise<void>;
}

export interface RowGroupSize {
  readonly rows: number;
  readonly tokens: number;
}

const N_TOKENS = COLUMNS.find(({ name }) => name === 'n_tokens')!;

/**
 * Opens a shard: reads its footer and its n_tokens. Needs no native library. Throws an io error that names the path and what is wrong when the file is
 * no score shard, is cut off or damaged.
 */
export async function openShard(path: string): Promise<Shard> {
  const file = await ShardFile.open(path);
  try {
    return await aboutFile(path, () => openFile(file));
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openFile(file: ShardFile): Promise<Shard> {
  const { path } = file;
  const footer = await readFooter(file);
  const metadata = metadataOf(footer);
  const own = footer.created_by === CREATED_BY;
  const source = own ? await openPageSource(file, footer, precisionOf(metadata)) : await openForeignSource(file, footer);
  const rowGroups: RowGroupSize[] = [];
  for (const [index, rows] of source.groupRows.entries()) rowGroups.push({ rows, tokens: (await readOffsets(path, source, index))[rows]! });
  const rows = rowGroups.reduce((sum, group) => sum + group.rows, 0);
  if (rows !== Number(footer.num_rows)) throw new Damage(`its row groups must have the file's ${footer.num_rows} rows, they have ${rows}`);
  const names = source.columns.map(({ name }) => name);

  return {
    path,
    bytes: file.bytes,
    metadata,
    columns: names,
    decoder: own ? 'pages' : 'hyparquet',
    rows,
    tokens: rowGroups.reduce((sum, group) => sum + group.tokens, 0),
    rowGroups,
    get bytesRead() {
      return file.bytesRead;
    },
    async readRowGroup(index: number, { columns = names }: { readonly columns?: readonly ColumnName[] } = {}): Promise<RowGroup> {
      const size = rowGroups[index];
      if (size === undefined) throw new TouchstoneError('usage', `${path} has ${rowGroups.length} row groups, there is none with number ${index}`);
      const wanted = COLUMNS.filter(({ name }) => columns.includes(name));
      for (const name of columns) {
        if (!names.includes(name)) throw new TouchstoneError('usage', `${path} has no column ${name}; it has ${names.join(', ')}`, { advice: 'Optional columns are chosen when the corpus is scored (--stats).' });
      }
      const offsets = await readOffsets(path, source, index);
      const values = await Promise.all(wanted.map(async (column) => [column.name, await readColumn(path, source, index, column, offsets)] as const));
      const firstRow = rowGroups.slice(0, index).reduce((sum, group) => sum + group.rows, 0);
      return { index, firstRow, ...size, offsets, columns: Object.fromEntries(values) as unknown as ColumnValues };
    },
    close: () => file.close(),
  };
}

/** Where each row's tokens begin, by n_tokens. */
function readOffsets(path: string, source: ColumnSource, group: number): Promise<Int32Array<ArrayBuffer>> {
  return aboutFile(`${path}, row group ${group}, column n_tokens`, async () => offsetsOf((await source.readNumbers(group, N_TOKENS)) as Int32Array));
}

/** One column of a row group, checked against the rows' token counts. */
function readColumn(path: string, source: ColumnSource, group: number, column: ColumnSpec, offsets: Int32Array<ArrayBuffer>): Promise<ColumnValues[ColumnName]> {
  return aboutFile(`${path}, row group ${group}, column ${column.name}`, async () => {
    if (column.shape === 'row') return column.type === 'BYTE_ARRAY' ? source.readStrings(group, column) : source.readNumbers(group, column);
    const lists = await source.readLists(group, column);
    if (column.shape === 'list') return lists as ColumnValues['doc_starts'];
    const row = offsets.findIndex((offset, i) => lists.offsets[i] !== offset) - 1;
    if (row >= 0) {
      const found = lists.offsets[row + 1]! - lists.offsets[row]!;
      throw new Damage(`row ${row} must hold n_tokens = ${offsets[row + 1]! - offsets[row]!} values, it holds ${found}`);
    }
    return lists.values;
  });
}

function metadataOf({ key_value_metadata: pairs = [] }: FileMetaData): Readonly<Record<string, string>> {
  // Without a prototype: keys come from the file.
  const metadata = Object.create(null) as Record<string, string>;
  for (const { key, value = '' } of pairs) metadata[key] = value;
  const version = metadata[VERSION_KEY];
  if (version !== undefined && version !== SCHEMA_VERSION) {
    throw new Damage(`this program reads score shards of schema version ${SCHEMA_VERSION}, it has version ${version}`, { advice: 'Use the version of Touchstone that wrote it, or a newer one.' });
  }
  return metadata;
}

function precisionOf(metadata: Readonly<Record<string, string>>): 'exact' | 'grid11' {
  const precision = metadata[PRECISION_KEY];
  if (precision === 'exact' || precision === 'grid11') return precision;
  throw new Damage(`${PRECISION_KEY} must be exact or grid11, its footer says ${precision ?? 'nothing'}`);
}

import { isUtf8 } from 'node:buffer';
import type { RowGroup } from 'hyparquet';
import type { CorpusItem, Origin } from '../records.js';
import type { CorpusFile } from './corpus-file.js';
import { asCorrupt, CorruptInput } from './corrupt-input.js';
import { documentOf, longestText, type ReadOptions } from './document.js';
import { leftOut } from './left-out.js';
import { openParquet, type ParquetFile, rowGroupBytes } from './parquet-file.js';
import { columnPages, type FlatColumn } from './parquet-pages.js';
import { fieldOf, nestedValue } from './parquet-types.js';
import type { ReadHooks } from './read-hooks.js';
import { decodeUtf8, firstInvalidByte } from './utf8.js';
import { ForeignValue } from './value-kind.js';

/** Characters of text after which a block is handed on. */
const BLOCK_CHARACTERS = 1024 * 1024;

export interface RowGroupRange {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/**
 * The documents of row groups in row order, in blocks of about a mebibyte of text. Only the columns of the fields are read, one page of each at a time.
 * Where a row group cannot be read, one item stands for its rows from the first unreadable one on, and reading goes on with the next
 * row group; where the footer cannot, one item stands for the file.
 */
export async function* readParquet(file: CorpusFile, range: RowGroupRange, options: ReadOptions, hooks: ReadHooks = {}): AsyncGenerator<readonly CorpusItem[], void, undefined> {
  let parquet: ParquetFile;
  try {
    parquet = await openParquet(file);
  } catch (error) {
    if (!(error instanceof CorruptInput)) throw error;
    yield [leftOut('truncated-input', originOf(file, 0), `${error.message}; what the file holds is unknown`)];
    return;
  }
  try {
    let firstRow = 0;
    for (const [index, group] of parquet.rowGroups.entries()) {
      if (index >= range.end) return;
      if (index >= range.start) yield* readRowGroup(parquet, group, firstRow, options, hooks);
      firstRow += Number(group.num_rows);
    }
  } finally {
    await parquet.handle.close();
  }
}

async function* readRowGroup(parquet: ParquetFile, group: RowGroup, firstRow: number, options: ReadOptions, { signal, onBytes }: ReadHooks): AsyncGenerator<readonly CorpusItem[], void, undefined> {
  const endRow = firstRow + Number(group.num_rows);
  const bytesPerRow = rowGroupBytes(group) / Number(group.num_rows);
  let row = firstRow;
  try {
    const names = [...new Set([...options.textField, options.idField, options.sourceField])];
    const cursors = names.map((name) => openColumn(parquet, group, name));
    const column = (name: string): number => names.indexOf(name);
    const columns = { names: [...parquet.columns.keys()].reverse(), texts: options.textField.map(column), id: column(options.idField), source: column(options.sourceField) };
    while (row < endRow) {
      signal?.throwIfAborted();
      let ready = endRow - row;
      for (const cursor of cursors) ready = Math.min(ready, await cursor.fill());
      onBytes?.(Math.round(bytesPerRow * (row + ready - firstRow)) - Math.round(bytesPerRow * (row - firstRow)));
      let block: CorpusItem[] = [];
      let characters = 0;
      for (const end = row + ready; row < end; row++) {
        const values = cursors.map((cursor) => cursor.next());
        const item = itemOf(values, columns, originOf(parquet.file, row), options);
        block.push(item);
        characters += item.kind === 'document' ? item.text.length : 0;
        if (characters < BLOCK_CHARACTERS) continue;
        yield block;
        block = [];
        characters = 0;
      }
      yield block;
    }
  } catch (error) {
    if (!(error instanceof CorruptInput)) throw error;
    yield [leftOut('truncated-input', originOf(parquet.file, row), `rows ${row} to ${endRow - 1} cannot be read: ${error.message}`)];
  }
}

/** Reads one column row by row. */
interface ColumnCursor {
  /** Makes sure a value is at hand; resolves to how many are. */
  fill(): Promise<number>;
  next(): unknown;
}

function openColumn(parquet: ParquetFile, group: RowGroup, name: string): ColumnCursor {
  const column = parquet.columns.get(name);
  if (column === undefined) return constantCursor(undefined);
  if (column.children.length > 0 || column.element.repetition_type === 'REPEATED') return constantCursor(nestedValue(column));
  try {
    const chunk = group.columns.find(({ meta_data: data }) => data?.path_in_schema.length === 1 && data.path_in_schema[0] === name);
    if (chunk?.meta_data === undefined) throw new CorruptInput(`column ${JSON.stringify(name)} is missing or encrypted`);
    if (chunk.file_path) throw new CorruptInput(`column ${JSON.stringify(name)} lies in another file`);
    return columnCursor(parquet, name, { element: column.element, chunk: chunk.meta_data, rows: Number(group.num_rows) });
  } catch (error) {
    throw asCorrupt(error);
  }
}

function columnCursor(parquet: ParquetFile, name: string, column: FlatColumn): ColumnCursor {
  const pages = columnPages(parquet, column);
  const convert = fieldOf(column.element);
  let page: readonly unknown[] = [];
  let at = 0;
  return {
    async fill() {
      while (at === page.length) {
        const next = await pages.next();
        if (next.done === true) throw new CorruptInput(`column ${JSON.stringify(name)} ends before its last row`);
        page = next.value;
        at = 0;
      }
      return page.length - at;
    },
    next: () => convert(page[at++] as Parameters<typeof convert>[0]),
  };
}

function constantCursor(value: unknown): ColumnCursor {
  return { fill: () => Promise.resolve(Infinity), next: () => value };
}

/** Where the fields of a document are in a row of values. */
interface FieldColumns {
  /** Of all columns of the file. */
  readonly names: readonly string[];
  readonly texts: readonly number[];
  readonly id: number;
  readonly source: number;
}

function itemOf(values: readonly unknown[], columns: FieldColumns, origin: Origin, options: ReadOptions): CorpusItem {
  const limit = Math.min(options.maxLineBytes, longestText);
  let bytes = columns.texts.length - 1;
  for (const [i, column] of columns.texts.entries()) {
    const value = values[column];
    if (!(value instanceof Uint8Array)) continue;
    bytes += value.length;
    if (bytes > limit) return leftOut('line-too-long', origin, `the text has at least ${bytes} bytes, the limit is ${limit}`);
    if (!isUtf8(value)) return leftOut('invalid-utf8', origin, `field ${JSON.stringify(options.textField[i])} is not UTF-8 at its byte ${firstInvalidByte(value)}`);
  }
  const texts = columns.texts.map((column) => decoded(values[column]));
  return documentOf({ texts, id: decoded(values[columns.id]), source: decoded(values[columns.source]), names: () => columns.names }, origin, options);
}

function decoded(value: unknown): unknown {
  return value instanceof Uint8Array ? (decodeUtf8(value) ?? new ForeignValue('a string that is not UTF-8')) : value;
}

function originOf(file: CorpusFile, row: number): Origin {
  return { file: file.path, position: row, positionKind: 'row' };
}

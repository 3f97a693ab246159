import { parquetScan, parquetSchema, type AsyncBuffer, type DecodedArray, type FileMetaData, type SchemaElement, type SchemaTree } from 'hyparquet';
import { TouchstoneError, messageOf } from '../errors.js';
import { Damage } from './damage.js';
import { offsetsOf } from './column-decoder.js';
import type { ColumnSource } from './column-source.js';
import { COLUMNS, type ColumnSpec } from './schema.js';
import type { ShardFile } from './shard-file.js';

/**
 * The columns of a shard that another program rewrote, whatever its encodings and compression, through hyparquet: the same values as from
 * page-source.ts, several times slower, and without a checksum. A null, a missing column, or a type that could not hold the values exactly is Damage.
 */
export async function openForeignSource(file: ShardFile, footer: FileMetaData): Promise<ColumnSource> {
  const columns = foreignColumns(footer);
  const groupRows = footer.row_groups.map((group) => Number(group.num_rows));
  const { compressors } = await import('hyparquet-compressors');
  const buffer: AsyncBuffer = { byteLength: file.bytes, slice: async (start, end = file.bytes) => (await file.slice(start, end)).buffer };

  async function readColumn(group: number, { name }: ColumnSpec): Promise<DecodedArray> {
    const rowStart = groupRows.slice(0, group).reduce((sum, rows) => sum + rows, 0);
    const rows = groupRows[group]!;
    let values: DecodedArray;
    try {
      // A new scan each time: a scan keeps what it read.
      const scan = await parquetScan({ file: buffer, metadata: footer, columns: [name], compressors, rowStart, rowEnd: rowStart + rows });
      values = await scan.readColumn({ column: name, rowStart, rowEnd: rowStart + rows });
    } catch (cause) {
      if (cause instanceof Damage || cause instanceof TouchstoneError) throw cause;
      throw new Damage(`its pages cannot be read: ${messageOf(cause)}`, { cause });
    }
    if (values.length !== rows) throw new Damage(`it must have ${rows} values, one a row, it has ${values.length}`);
    return values;
  }

  return {
    columns,
    groupRows,
    async readStrings(group, column) {
      const values: ArrayLike<unknown> = await readColumn(group, column);
      return Array.from(values, (value, row) => (typeof value === 'string' ? value : fail(row, 'a string', value)));
    },
    async readNumbers(group, column) {
      const values: ArrayLike<unknown> = await readColumn(group, column);
      const numbers = column.type === 'DOUBLE' ? new Float64Array(values.length) : new Int32Array(values.length);
      for (let row = 0; row < values.length; row++) numbers[row] = valueOf(column, values[row], row);
      return numbers;
    },
    async readLists(group, column) {
      const lists: ArrayLike<unknown> = await readColumn(group, column);
      const list = (row: number): ArrayLike<unknown> => (isArrayLike(lists[row]) ? lists[row] : fail(row, 'a list', lists[row]));
      const offsets = offsetsOf(Int32Array.from({ length: lists.length }, (_, row) => list(row).length));
      const size = offsets[lists.length]!;
      const values = column.type === 'FLOAT' ? new Float32Array(size) : column.type === 'INT32' ? new Int32Array(size) : new Uint8Array(size);
      for (let row = 0, at = 0; row < lists.length; row++) {
        const cells = list(row);
        for (let i = 0; i < cells.length; i++) values[at++] = valueOf(column, cells[i], row);
      }
      return { offsets, values };
    },
  };
}

/** The columns of schema.ts in the file. Columns it does not know are left alone. */
function foreignColumns(footer: FileMetaData): readonly ColumnSpec[] {
  let fields: readonly SchemaTree[];
  try {
    fields = parquetSchema(footer).children;
  } catch (cause) {
    throw new Damage(`its schema cannot be parsed: ${messageOf(cause)}`, { cause });
  }
  return COLUMNS.filter((column) => {
    const field = fields.find(({ element }) => element.name === column.name);
    if (field === undefined) {
      if (column.optional) return false;
      throw new Damage(`a score shard has a column ${column.name}; this file has ${fields.map(({ element }) => element.name).join(', ') || 'none'}`);
    }
    const leaf = leafOf(field, column);
    if (leaf === undefined || !holds(leaf, column)) {
      throw new Damage(`column ${column.name} must be ${column.shape === 'row' ? '' : 'a list of '}${column.type}, it is ${leaf?.type ?? 'nested otherwise'}`);
    }
    return true;
  });
}

/** The element a field's values are in; undefined when the field is nested in another way than the column. */
function leafOf(field: SchemaTree, { shape }: ColumnSpec): SchemaElement | undefined {
  let leaf = field;
  let lists = 0;
  for (; ; leaf = leaf.children[0]!) {
    if (leaf.element.repetition_type === 'REPEATED') lists++;
    if (leaf.children.length === 0) break;
    if (leaf.children.length > 1) return undefined;
  }
  return lists === (shape === 'row' ? 0 : 1) ? leaf.element : undefined;
}

/** Whether values of the element's type can be taken over exactly; 64-bit integers are checked one by one. */
function holds({ type, converted_type: converted, logical_type: logical }: SchemaElement, column: ColumnSpec): boolean {
  if (column.type === 'BYTE_ARRAY') return type === 'BYTE_ARRAY' && (converted === 'UTF8' || logical?.type === 'STRING');
  return type === column.type || (column.type === 'INT32' && type === 'INT64');
}

function valueOf(column: ColumnSpec, value: unknown, row: number): number {
  if (column.type === 'BOOLEAN') return typeof value === 'boolean' ? Number(value) : fail(row, 'a boolean', value);
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number') return fail(row, 'a number', value);
  if (column.type === 'INT32' && (number | 0) !== number) return fail(row, 'a 32-bit integer', value);
  return number;
}

function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || ArrayBuffer.isView(value);
}

function fail(row: number, expected: string, value: unknown): never {
  const found = value === null || value === undefined ? 'null' : typeof value === 'number' || typeof value === 'bigint' ? value : `a ${typeof value}`;
  throw new Damage(`row ${row} must hold ${expected}, it holds ${found}`);
}

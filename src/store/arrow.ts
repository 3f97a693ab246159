import {
  Bool,
  Field,
  Float32,
  Float64,
  Int32,
  List,
  RecordBatch,
  Schema,
  Struct,
  Table,
  Utf8,
  makeData,
  type Data,
  type DataType,
} from 'apache-arrow';
import type { RowGroup } from './row-group.js';
import type { ColumnName, ColumnValues, Lists } from './schema.js';

/**
 * A row group as an apache-arrow table of one batch, with the columns and types other readers see in the file: List<Int32>, List<Float32>, List<Bool>,
 * Utf8, Int32, Float64; nothing nullable. Numbers are not copied: the table shares the row group's arrays. Its IPC stream (`tableToIPC`, uncompressed)
 * opens in pyarrow and polars.
 */
export function toArrow(group: RowGroup<Partial<ColumnValues>>): Table {
  const { rows, offsets } = group;
  const columns = Object.entries(group.columns).map(([name, values]) => arrowColumn(name as ColumnName, values, rows, offsets));
  const fields = columns.map(({ name, data }) => new Field(name, data.type, false));
  const children = columns.map(({ data }) => data);
  const schema = new Schema(fields);
  return new Table(schema, [new RecordBatch(schema, makeData({ type: new Struct(fields), length: rows, nullCount: 0, children }))]);
}

function arrowColumn(name: ColumnName, values: ColumnValues[ColumnName], rows: number, offsets: Int32Array): { name: ColumnName; data: Data } {
  switch (name) {
    case 'doc_id':
    case 'source':
    case 'doc_hash':
      return { name, data: utf8(values as readonly string[]) };
    case 'token_ids':
    case 'token_bytes':
      return { name, data: list(rows, offsets, int32(values as Int32Array)) };
    case 'ref_loss':
    case 'entropy':
      return { name, data: list(rows, offsets, makeData({ type: new Float32(), nullCount: 0, data: values as Float32Array })) };
    case 'top1':
      return { name, data: list(rows, offsets, bool(values as Uint8Array)) };
    case 'doc_starts': {
      const { offsets: starts, values: all } = values as Lists;
      return { name, data: list(rows, starts, int32(all)) };
    }
    case 'n_tokens':
    case 'n_scored':
      return { name, data: int32(values as Int32Array) };
    case 'loss_sum':
      return { name, data: makeData({ type: new Float64(), nullCount: 0, data: values as Float64Array }) };
  }
}

function int32(data: Int32Array): Data<Int32> {
  return makeData({ type: new Int32(), nullCount: 0, data });
}

function list<T extends DataType>(length: number, valueOffsets: Int32Array, child: Data<T>): Data<List<T>> {
  const type = new List(new Field('element', child.type, false));
  return makeData({ type, length, nullCount: 0, valueOffsets, child });
}

/** Arrow keeps booleans as bits, the first in the lowest. */
function bool(values: Uint8Array): Data<Bool> {
  const data = new Uint8Array((values.length + 7) >>> 3);
  for (let i = 0; i < values.length; i++) data[i >>> 3]! |= values[i]! << (i & 7);
  return makeData({ type: new Bool(), length: values.length, nullCount: 0, data });
}

function utf8(strings: readonly string[]): Data<Utf8> {
  const valueOffsets = new Int32Array(strings.length + 1);
  let end = 0;
  strings.forEach((text, i) => {
    end += Buffer.byteLength(text);
    valueOffsets[i + 1] = end;
  });
  const data = Buffer.alloc(end);
  strings.forEach((text, i) => data.write(text, valueOffsets[i]!));
  return makeData({ type: new Utf8(), length: strings.length, nullCount: 0, valueOffsets, data });
}

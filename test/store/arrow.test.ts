import { tableFromIPC, tableToIPC } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { toArrow } from '../../src/store/arrow.js';
import { openShard } from '../../src/store/reader.js';
import { rowsOf, type RowGroup } from '../../src/store/row-group.js';
import { COLUMN_CHOICES, randomDocuments } from './documents.js';
import { shardOf, useFolder } from './shards.js';

const ALL = COLUMN_CHOICES[15]!;
const folder = useFolder();

async function group(): Promise<RowGroup> {
  const shard = await openShard(await folder.put('shard.parquet', (await shardOf(randomDocuments('arrow', 40, ALL), ALL)).bytes));
  const read = await shard.readRowGroup(0);
  await shard.close();
  return read;
}

describe('a row group as an Arrow table', () => {
  it('has the columns and types other readers see in the file', async () => {
    const { schema, numRows } = toArrow(await group());
    expect(numRows).toBe(40);
    expect(Object.fromEntries(schema.fields.map(({ name, type }) => [name, String(type)]))).toEqual({
      doc_id: 'Utf8',
      source: 'Utf8',
      doc_hash: 'Utf8',
      token_ids: 'List<Int32>',
      ref_loss: 'List<Float32>',
      entropy: 'List<Float32>',
      top1: 'List<Bool>',
      token_bytes: 'List<Int32>',
      doc_starts: 'List<Int32>',
      n_tokens: 'Int32',
      n_scored: 'Int32',
      loss_sum: 'Float64',
    });
    expect(schema.fields.every(({ nullable }) => !nullable)).toBe(true);
  });

  it('shares the arrays of the row group', async () => {
    const read = await group();
    const { data } = toArrow(read).getChild('ref_loss')!;
    expect((data[0]!.children[0]!.values as Float32Array).buffer).toBe(read.columns.ref_loss.buffer);
  });

  it('keeps every value through an IPC stream', async () => {
    const read = await group();
    const table = tableFromIPC(tableToIPC(toArrow(read)));
    const plain = (value: unknown): unknown => (typeof value === 'object' && value !== null ? Array.from(value as Iterable<unknown>, Number) : value);
    const rows = Array.from({ length: read.rows }, (_, row) => Object.fromEntries(table.schema.names.map((name) => [name, plain(table.getChild(name)!.get(row))])));
    const expected = [...rowsOf(read)].map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])));
    expect(rows).toEqual(expected);
  });

  it('of a few columns has just these', async () => {
    const { index, firstRow, rows, tokens, offsets, columns } = await group();
    const table = toArrow({ index, firstRow, rows, tokens, offsets, columns: { ref_loss: columns.ref_loss } });
    expect(table.schema.names).toEqual(['ref_loss']);
    expect([...(table.getChild('ref_loss')!.get(3) as Iterable<number>)]).toEqual([...columns.ref_loss.subarray(offsets[3], offsets[4])]);
  });
});

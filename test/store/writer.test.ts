import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import type { ScoredDocument } from '../../src/records.js';
import { roundToGrid } from '../../src/store/loss.js';
import { openShard, type Shard } from '../../src/store/reader.js';
import { rowsOf, type Row } from '../../src/store/row-group.js';
import { ROW_GROUP_ROWS, type LossPrecision, type OptionalColumns } from '../../src/store/schema.js';
import { ShardWriter } from '../../src/store/writer.js';
import { COLUMN_CHOICES, NO_COLUMNS, randomDocument, randomDocuments } from './documents.js';
import { shardOf, useFolder } from './shards.js';

const folder = useFolder();

/** What a row of the shard must hold, worked out here from the document alone; lists as plain arrays. */
function expectedRow({ id, source, hash, tokenIds, refLoss, entropy, top1, tokenBytes, docStarts }: ScoredDocument, precision: LossPrecision): Record<string, unknown> {
  const losses = refLoss.slice();
  if (precision === 'grid11') roundToGrid(refLoss, losses);
  const scored = losses.filter((loss) => !Number.isNaN(loss));
  return {
    doc_id: id,
    source,
    doc_hash: hash,
    token_ids: [...tokenIds],
    ref_loss: [...losses],
    ...(entropy && { entropy: [...entropy] }),
    ...(top1 && { top1: [...top1] }),
    ...(tokenBytes && { token_bytes: [...tokenBytes] }),
    ...(docStarts && { doc_starts: [...docStarts] }),
    n_tokens: tokenIds.length,
    n_scored: scored.length,
    loss_sum: scored.reduce((sum, loss) => sum + loss, 0),
  };
}

/** A row of ours with plain arrays in place of typed ones. */
const plain = (row: Row): Record<string, unknown> =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, ArrayBuffer.isView(value) ? Array.from(value as Int32Array) : value]));

async function rowsOfShard(shard: Shard): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  for (const index of shard.rowGroups.keys()) rows.push(...[...rowsOf(await shard.readRowGroup(index))].map(plain));
  await shard.close();
  return rows;
}

async function rowsByHyparquet(bytes: Uint8Array<ArrayBuffer>): Promise<Record<string, unknown>[]> {
  const rows = await parquetReadObjects({ file: bytes.buffer, compressors });
  return rows.map((row) => ({ ...row, ...('top1' in row && { top1: (row['top1'] as boolean[]).map(Number) }) }));
}

const named = (columns: OptionalColumns): string => Object.entries(columns).filter(([, chosen]) => chosen).map(([name]) => name).join(' + ') || 'no optional column';

describe('a written shard', () => {
  for (const [i, columns] of COLUMN_CHOICES.entries()) {
    for (const lossPrecision of ['exact', 'grid11'] as const) {
      it(`with ${named(columns)} and ${lossPrecision} losses reads back equal, by our reader and by hyparquet`, async () => {
        const documents = randomDocuments(`writer/${i}`, 60, columns);
        const { bytes, totals } = await shardOf(documents, columns, { lossPrecision, rowGroupTokens: 300 });
        const expected = documents.map((document) => expectedRow(document, lossPrecision));

        const shard = await openShard(await folder.put('shard.parquet', bytes));
        expect(shard.decoder).toBe('pages');
        expect(shard.columns).toEqual(Object.keys(expected[0]!));
        expect(shard.rowGroups.length).toBeGreaterThan(3);
        expect(await rowsOfShard(shard)).toEqual(expected);
        expect(await rowsByHyparquet(bytes)).toEqual(expected);

        const tokens = documents.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
        const scored = expected.reduce((sum, row) => sum + Number(row['n_scored']), 0);
        const lossSum = expected.reduce((sum, row) => sum + Number(row['loss_sum']), 0);
        expect(totals).toEqual({ rows: 60, tokens, scored, lossSum, bytes: bytes.length });
        expect(shard).toMatchObject({ rows: 60, tokens, bytes: bytes.length });
      });
    }
  }

  it('keeps every bit of a float32 loss', async () => {
    const random = createRandom('bits');
    const bits = Int32Array.from({ length: 10_000 }, () => random.uint32());
    const refLoss = new Float32Array(bits.buffer);
    const document = { ...randomDocument(random, bits.length, NO_COLUMNS), refLoss };
    const shard = await openShard(await folder.put('bits.parquet', (await shardOf([document])).bytes));
    const { columns } = await shard.readRowGroup(0, { columns: ['ref_loss'] });
    await shard.close();
    const stored = new Int32Array(columns.ref_loss.buffer, columns.ref_loss.byteOffset, columns.ref_loss.length);
    expect(stored.every((value, i) => (Number.isNaN(refLoss[i]!) ? value === 0x7fc00000 : value === bits[i]))).toBe(true);
  });

  it('holds a document larger than a row group and than a page, its pages continuing the row', async () => {
    const columns = { entropy: true, top1: true, tokenBytes: false, docStarts: true };
    const random = createRandom('large');
    const documents = [3, 700_001, 0, 5].map((tokens) => randomDocument(random, tokens, columns));
    const { bytes } = await shardOf(documents, columns, { rowGroupTokens: 1000 });
    const shard = await openShard(await folder.put('large.parquet', bytes));
    expect(shard.rowGroups).toEqual([{ rows: 2, tokens: 700_004 }, { rows: 2, tokens: 5 }]);
    const { columns: read } = await shard.readRowGroup(0);
    await shard.close();
    const large = documents[1]!;
    const same = (a: ArrayLike<number>, b: ArrayLike<number>): boolean => a.length === b.length && Array.from(a).every((value, i) => Object.is(value, b[i]));
    expect(same(read.token_ids.subarray(3), large.tokenIds)).toBe(true);
    expect(same(read.ref_loss.subarray(3), large.refLoss)).toBe(true);
    expect(same(read.entropy!.subarray(3), large.entropy!)).toBe(true);
    expect(same(read.top1!.subarray(3), large.top1!)).toBe(true);
    expect(same(read.doc_starts!.values.subarray(read.doc_starts!.offsets[1]), large.docStarts!)).toBe(true);

    const rows = await rowsByHyparquet(bytes);
    expect(rows.map((row) => (row['token_ids'] as number[]).length)).toEqual([3, 700_001, 0, 5]);
    expect(same(rows[1]!['ref_loss'] as number[], large.refLoss)).toBe(true);
  });

  it('ends row groups of tiny documents after 131,072 rows', async () => {
    const [empty, one] = [randomDocument(createRandom('tiny'), 0, NO_COLUMNS), randomDocument(createRandom('tiny'), 1, NO_COLUMNS)];
    const { bytes } = await shardOf(Array.from({ length: ROW_GROUP_ROWS + 10 }, (_, i) => (i % 3 === 0 ? one : empty)));
    const shard = await openShard(await folder.put('tiny.parquet', bytes));
    expect(shard.rowGroups.map(({ rows }) => rows)).toEqual([ROW_GROUP_ROWS, 10]);
    expect(shard.tokens).toBe(Math.ceil((ROW_GROUP_ROWS + 10) / 3));
    const { columns, offsets } = await shard.readRowGroup(0, { columns: ['token_ids', 'n_tokens'] });
    await shard.close();
    expect(columns.n_tokens.every((tokens, row) => tokens === (row % 3 === 0 ? 1 : 0) && offsets[row + 1]! - offsets[row]! === tokens)).toBe(true);
  });

  it('without documents is a table of no rows', async () => {
    const { bytes, totals } = await shardOf([], COLUMN_CHOICES[15]);
    expect(totals).toEqual({ rows: 0, tokens: 0, scored: 0, lossSum: 0, bytes: bytes.length });
    const shard = await openShard(await folder.put('empty.parquet', bytes));
    expect(shard).toMatchObject({ rows: 0, tokens: 0, rowGroups: [] });
    await shard.close();
    expect(await rowsByHyparquet(bytes)).toEqual([]);
  });

  it('has the same bytes when it is written again, whatever the order of the metadata and the bits of NaN', async () => {
    const columns = COLUMN_CHOICES[15]!;
    const documents = randomDocuments('deterministic', 50, columns);
    const { bytes } = await shardOf(documents, columns, { metadata: { unit: '7', 'a.b': 'c' } });
    const otherNaN = documents.map((document) => {
      const bits = new Int32Array(document.refLoss.slice().buffer);
      for (const [i, loss] of document.refLoss.entries()) if (Number.isNaN(loss)) bits[i] = -1;
      return { ...document, refLoss: new Float32Array(bits.buffer) };
    });
    const again = await shardOf(otherNaN, columns, { metadata: { 'a.b': 'c', unit: '7' } });
    expect(Buffer.compare(again.bytes, bytes)).toBe(0);
    const other = await shardOf(documents, columns, { metadata: { unit: '8', 'a.b': 'c' } });
    expect(Buffer.compare(other.bytes, bytes)).not.toBe(0);
  });

  it('carries the given metadata, the schema version and what its numbers mean', async () => {
    const { bytes } = await shardOf([], NO_COLUMNS, { metadata: { 'touchstone.unit': '7', ['__proto__']: 'x', ключ: 'значение' }, lossPrecision: 'grid11' });
    const shard = await openShard(await folder.put('metadata.parquet', bytes));
    expect({ ...shard.metadata }).toEqual({
      'touchstone.unit': '7',
      ['__proto__']: 'x',
      ключ: 'значение',
      'touchstone.schema_version': '1',
      'touchstone.loss_precision': 'grid11',
      'touchstone.conventions': expect.stringContaining('in nats, target-indexed; NaN = not scored') as string,
    });
    await shard.close();
  });

  it('on the grid takes a third fewer bytes', async () => {
    const random = createRandom('sizes');
    // Ids of a natural text repeat; losses do not.
    const documents = Array.from({ length: 100 }, () => ({
      ...randomDocument(random, 2000, NO_COLUMNS),
      tokenIds: Int32Array.from({ length: 2000 }, () => Math.floor(32_000 ** random.float())),
      refLoss: Float32Array.from({ length: 2000 }, () => -Math.log(random.float()) * 4 * random.float() ** 2),
    }));
    const exact = await shardOf(documents);
    const grid = await shardOf(documents, NO_COLUMNS, { lossPrecision: 'grid11' });
    expect(grid.bytes.length / exact.bytes.length).toBeLessThan(0.7);
  });
});

describe('the shard writer', () => {
  const sink = (): Promise<void> => Promise.resolve();
  const options = { sink, columns: NO_COLUMNS, metadata: {}, lossPrecision: 'exact' } as const;
  const good = randomDocument(createRandom('good'), 3, NO_COLUMNS);

  it.each<[string, Partial<ScoredDocument>, OptionalColumns, string]>([
    ['a document with fewer losses than tokens', { refLoss: new Float32Array(2) }, NO_COLUMNS, 'refLoss must have 3 entries, one a token, got 2'],
    ['a document with a column the shard lacks', { entropy: new Float32Array(3) }, NO_COLUMNS, 'entropy must be left out'],
    ['a document without values for a column', {}, { ...NO_COLUMNS, top1: true }, 'top1 must be given'],
    ['a document with a column of another length', { tokenBytes: new Int32Array(4) }, { ...NO_COLUMNS, tokenBytes: true }, 'tokenBytes must have 3 entries, one a token, got 4'],
    ['document starts that are not ascending', { docStarts: Int32Array.of(0, 1, 1) }, { ...NO_COLUMNS, docStarts: true }, 'docStarts[2] must be from 2 to below 3, got 1'],
    ['document starts beyond the row', { docStarts: Int32Array.of(0, 3) }, { ...NO_COLUMNS, docStarts: true }, 'docStarts[1] must be from 1 to below 3, got 3'],
    ['an id that is not well-formed', { id: 'a\ud800' }, NO_COLUMNS, 'doc_id must be well-formed Unicode'],
  ])('refuses %s', async (_, change, columns, message) => {
    const writer = await ShardWriter.open({ ...options, columns });
    await expect(writer.append({ ...good, ...change })).rejects.toThrow(message);
    await expect(writer.close()).rejects.toThrow('cannot close a shard that is being written, or failed while it was');
  });

  it('refuses calls that overlap and calls after the end', async () => {
    let release = (): void => undefined;
    let slow = false;
    const writer = await ShardWriter.open({ ...options, rowGroupTokens: 1, sink: () => (slow ? new Promise((resolve) => (release = resolve)) : Promise.resolve()) });
    slow = true;
    const first = writer.append(good);
    await expect(writer.append(good)).rejects.toThrow('cannot append to a shard that is being written');
    slow = false;
    release();
    await first;
    expect((await writer.close()).rows).toBe(1);
    await expect(writer.append(good)).rejects.toThrow('cannot append to a shard that is closed');
  });

  it('waits for the sink before it takes the next row group', async () => {
    const events: string[] = [];
    const writer = await ShardWriter.open({
      ...options,
      rowGroupTokens: 3,
      sink: async () => {
        events.push('begin');
        await new Promise((resolve) => setTimeout(resolve, 5));
        events.push('end');
      },
    });
    for (let i = 0; i < 3; i++) await writer.append(good);
    await writer.close();
    // Magic number, three row groups, footer.
    expect(events).toEqual(Array.from({ length: 5 }, () => ['begin', 'end']).flat());
  });

  it('passes on what the sink throws, and is of no use afterwards', async () => {
    const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    let calls = 0;
    const writer = await ShardWriter.open({ ...options, rowGroupTokens: 1, sink: () => (calls++ === 0 ? Promise.resolve() : Promise.reject(full)) });
    await expect(writer.append(good)).rejects.toBe(full);
    await expect(writer.append(good)).rejects.toThrow('failed while it was');
  });

  it('keeps its own metadata keys to itself', async () => {
    await expect(ShardWriter.open({ ...options, metadata: { 'touchstone.schema_version': '9' } })).rejects.toThrow('must leave "touchstone.schema_version" to the writer');
  });
});

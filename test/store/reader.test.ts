import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { TouchstoneError } from '../../src/errors.js';
import { createRandom } from '../../src/math/random.js';
import { openShard, type Shard } from '../../src/store/reader.js';
import { rowsOf, type RowGroup } from '../../src/store/row-group.js';
import { COLUMNS, type ColumnName } from '../../src/store/schema.js';
import { COLUMN_CHOICES, NO_COLUMNS, randomDocument, randomDocuments } from './documents.js';
import { shardOf, signedByAnother, useFolder } from './shards.js';

const ALL = COLUMN_CHOICES[15]!;
const folder = useFolder();

async function open<T>(bytes: Uint8Array, use: (shard: Shard) => Promise<T>): Promise<T> {
  const shard = await openShard(await folder.put('shard.parquet', bytes));
  try {
    return await use(shard);
  } finally {
    await shard.close();
  }
}

async function groupsOf(shard: Shard): Promise<RowGroup[]> {
  return Promise.all([...shard.rowGroups.keys()].map((index) => shard.readRowGroup(index)));
}

/** A sha256 over every value of every row group. */
async function digest(shard: Shard): Promise<string> {
  const hash = createHash('sha256');
  for (const { offsets, columns } of await groupsOf(shard)) {
    hash.update(offsets);
    for (const [name, values] of Object.entries(columns)) {
      hash.update(name);
      if (ArrayBuffer.isView(values)) hash.update(values);
      else if ('offsets' in values) hash.update(values.offsets).update(values.values);
      else hash.update(JSON.stringify(values));
    }
  }
  return hash.digest('hex');
}

describe('a row group', () => {
  it('knows its place in the shard, and its rows are views into its arrays', async () => {
    const documents = [5, 0, 7, 2, 9].map((tokens, i) => randomDocument(createRandom(`place/${i}`), tokens, ALL));
    const { bytes } = await shardOf(documents, ALL, { rowGroupTokens: 10 });
    await open(bytes, async (shard) => {
      expect(shard.rowGroups).toEqual([{ rows: 3, tokens: 12 }, { rows: 2, tokens: 11 }]);
      const group = await shard.readRowGroup(1);
      expect(group).toMatchObject({ index: 1, firstRow: 3, rows: 2, tokens: 11 });
      expect([...group.offsets]).toEqual([0, 2, 11]);
      const rows = [...rowsOf(group)];
      expect(rows[1]!.token_ids).toEqual(documents[4]!.tokenIds);
      expect(rows[1]!.token_ids.buffer).toBe(group.columns.token_ids.buffer);
      expect(rows[0]!.doc_starts).toEqual(documents[3]!.docStarts);
      expect(rows[0]!.doc_id).toBe(documents[3]!.id);
    });
  });

  it.each(['pages', 'hyparquet'] as const)('reads only the columns that are asked for, by %s', async (decoder) => {
    const random = createRandom('selective');
    const written = await shardOf(Array.from({ length: 20 }, () => randomDocument(random, 5000, ALL)), ALL);
    const bytes = decoder === 'pages' ? written.bytes : signedByAnother(written.bytes);
    await open(bytes, async (shard) => {
      expect(shard.decoder).toBe(decoder);
      const opened = shard.bytesRead;
      expect(opened).toBeLessThan(5000);
      const { columns, tokens } = await shard.readRowGroup(0, { columns: ['top1', 'n_scored'] });
      expect(Object.keys(columns)).toEqual(['top1', 'n_scored']);
      expect(columns.top1.length).toBe(tokens);
      // One bit a token, and one number a row; ids, losses and entropies take more than ten bytes a token.
      expect(shard.bytesRead - opened).toBeLessThan(tokens / 8 + 3000);
      const { columns: none, offsets } = await shard.readRowGroup(0, { columns: [] });
      expect(none).toEqual({});
      expect(offsets.at(-1)).toBe(tokens);
    });
  });

  it.each(COLUMNS.map(({ name }) => name))('gives %s alone as it gives it among all', async (name: ColumnName) => {
    const { bytes } = await shardOf(randomDocuments('alone', 30, ALL), ALL, { rowGroupTokens: 500 });
    await open(bytes, async (shard) => {
      const alone = await shard.readRowGroup(1, { columns: [name] });
      const among = await shard.readRowGroup(1);
      expect(alone.columns).toEqual({ [name]: among.columns[name] });
      expect(alone.offsets).toEqual(among.offsets);
    });
  });

  it('can be read while another one is', async () => {
    const { bytes } = await shardOf(randomDocuments('concurrent', 40, ALL), ALL, { rowGroupTokens: 300 });
    await open(bytes, async (shard) => {
      const together = await groupsOf(shard);
      for (const group of together) expect(await shard.readRowGroup(group.index)).toEqual(group);
      expect(together.length).toBeGreaterThan(2);
    });
  });

  it('that is not there, and a column the shard lacks, are usage errors', async () => {
    const { bytes } = await shardOf(randomDocuments('lacks', 3, NO_COLUMNS));
    await open(bytes, async (shard) => {
      await expect(shard.readRowGroup(1)).rejects.toThrow(/has 1 row groups, there is none with number 1/);
      await expect(shard.readRowGroup(0, { columns: ['entropy'] })).rejects.toMatchObject({
        kind: 'usage',
        message: expect.stringContaining('has no column entropy; it has doc_id, source, doc_hash, token_ids, ref_loss, n_tokens') as string,
      });
    });
  });
});

describe('a shard that another program signed', () => {
  it.each(COLUMN_CHOICES.map((columns, i) => [i, columns] as const))('holds the same values, columns %i', async (i, columns) => {
    const { bytes } = await shardOf(randomDocuments(`foreign/${i}`, 40, columns), columns, { rowGroupTokens: 600, lossPrecision: i % 2 === 0 ? 'exact' : 'grid11' });
    const own = await open(bytes, groupsOf);
    const foreign = await open(signedByAnother(bytes), async (shard) => {
      expect(shard.decoder).toBe('hyparquet');
      return groupsOf(shard);
    });
    expect(foreign).toEqual(own);
  });

  // Rewritten from shard.parquet with other encodings, compressions, page versions, list types and row groups; see the README beside them.
  it.each(['pyarrow-dictionary-snappy', 'pyarrow-v2-nullable', 'duckdb', 'polars'])('%s holds the values of the shard it was made from', async (name) => {
    const fixture = (file: string): Promise<Uint8Array> => readFile(new URL(`../fixtures/store/${file}.parquet`, import.meta.url));
    const rows = async (bytes: Uint8Array, decoder: string): Promise<unknown[]> =>
      open(bytes, async (shard) => {
        expect(shard.decoder).toBe(decoder);
        return (await groupsOf(shard)).flatMap((group) => [...rowsOf(group)]);
      });
    const original = await rows(await fixture('shard'), 'pages');
    expect(original.length).toBe(40);
    expect(await rows(await fixture(name), 'hyparquet')).toEqual(original);
  });
});

describe('the format', () => {
  it('is the same as ever: these documents still make the bytes of the shard that was stored', async () => {
    const stored = await readFile(new URL('../fixtures/store/shard.parquet', import.meta.url));
    const { bytes } = await shardOf(randomDocuments('interop/15/0', 40, ALL), ALL, { rowGroupTokens: 1000, metadata: { 'touchstone.unit': '0' } });
    expect(Buffer.compare(bytes, stored)).toBe(0);
  });
});

describe('a file that is no score shard', () => {
  it('says which column is missing', async () => {
    const { bytes } = await shardOf(randomDocuments('renamed', 3, NO_COLUMNS));
    const renamed = Buffer.from(signedByAnother(bytes));
    for (let at = renamed.indexOf('ref_loss'); at >= 0; at = renamed.indexOf('ref_loss')) renamed.write('ref_lost', at);
    const path = await folder.put('renamed.parquet', renamed);
    await expect(openShard(path)).rejects.toThrow('a score shard has a column ref_loss; this file has doc_id, source, doc_hash, token_ids, ref_lost, n_tokens');
  });

  it.each<[string, (bytes: Buffer) => Buffer, string]>([
    ['is empty', () => Buffer.alloc(0), 'a Parquet file has at least 12 bytes, it has 0'],
    ['is text', () => Buffer.from('{"text": "not a shard"}\n'), 'begins and ends with "PAR1"'],
    ['lost its end', (bytes) => bytes.subarray(0, bytes.length - 100), 'begins and ends with "PAR1"'],
    ['lost its beginning', (bytes) => bytes.subarray(100), 'begins and ends with "PAR1"'],
    ['lost its middle', (bytes) => Buffer.concat([bytes.subarray(0, 4), bytes.subarray(-8)]), 'its footer claims'],
    ['is of a later schema', (bytes) => bytes.fill('2', bytes.indexOf('touchstone.schema_version') + 27, bytes.indexOf('touchstone.schema_version') + 28), 'it has version 2'],
  ])('that %s is an io error naming the file', async (_, change, message) => {
    const { bytes } = await shardOf(randomDocuments('damaged', 10, ALL), ALL);
    const path = await folder.put('damaged.parquet', change(Buffer.from(bytes)));
    await expect(openShard(path)).rejects.toMatchObject({
      kind: 'io',
      message: expect.stringMatching(new RegExp(`^${path.replaceAll('.', '\\.')}: .*${message}`)) as string,
      advice: expect.any(String) as string,
    });
  });

  it('that does not exist is an error naming it', async () => {
    await expect(openShard('/nowhere/part-00000.parquet')).rejects.toThrow(/\/nowhere\/part-00000\.parquet/);
  });
});

describe('damage', () => {
  const shards = Promise.all(
    (['exact', 'grid11'] as const).map(async (lossPrecision) => (await shardOf(randomDocuments('flips', 12, ALL), ALL, { rowGroupTokens: 500, lossPrecision })).bytes),
  );

  it('of a single bit, anywhere, never changes a value unnoticed', async () => {
    const random = createRandom('flips');
    for (const bytes of await shards) {
      const intact = await open(bytes, digest);
      let noticed = 0;
      for (let round = 0; round < 600; round++) {
        const flipped = bytes.slice();
        flipped[random.below(bytes.length)]! ^= 1 << random.below(8);
        try {
          expect(await open(flipped, digest)).toBe(intact);
        } catch (error) {
          if (!(error instanceof TouchstoneError)) throw error;
          expect(error.kind).toBe('io');
          noticed++;
        }
      }
      expect(noticed).toBeGreaterThan(400);
    }
  });

  it('in a page is named with its row group and column', async () => {
    const [bytes] = await shards;
    const damaged = bytes!.slice();
    const frame = Buffer.from(damaged.buffer).indexOf(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]));
    damaged[frame + 20]! ^= 4;
    await open(damaged, async (shard) => {
      await expect(shard.readRowGroup(0)).rejects.toThrow(/shard\.parquet, row group 0, column doc_id: the checksum of a page does not hold/);
      expect((await shard.readRowGroup(0, { columns: ['token_ids'] })).rows).toBe(shard.rowGroups[0]!.rows);
    });
  });
});

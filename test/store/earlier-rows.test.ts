import { readFile, rm, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import type { ScoredDocument } from '../../src/records.js';
import type { EarlierShard } from '../../src/run/earlier-run.js';
import { sha256Of } from '../../src/run/file-hash.js';
import { EarlierRows } from '../../src/store/earlier-rows.js';
import { randomDocuments } from './documents.js';
import { shardOf, useFolder } from './shards.js';

const COLUMNS = { entropy: true, top1: true, tokenBytes: true, docStarts: false };
const STATS = { entropy: true, top1: true, bytes: true };
const folder = useFolder();

async function shard(name: string, documents: readonly ScoredDocument[]): Promise<EarlierShard> {
  const { bytes, totals } = await shardOf(documents, COLUMNS, { rowGroupTokens: 300 });
  return { path: await folder.put(name, bytes), sha256: sha256Of(bytes), bytes: bytes.length, rows: totals.rows };
}

async function opened(shards: readonly EarlierShard[], stats = STATS): Promise<{ rows: EarlierRows; unusable: string[] }> {
  const unusable: string[] = [];
  return { rows: await EarlierRows.open(shards, { stats, onUnusable: (message) => unusable.push(message) }), unusable };
}

const valuesOf = ({ tokenIds, refLoss, entropy, top1, tokenBytes }: ScoredDocument): object => ({ tokenIds, refLoss, entropy, top1, tokenBytes });

describe('earlier rows', () => {
  it('are found by the hash of their text and read in any order, with every value as it was', async () => {
    const documents = [randomDocuments('a', 60, COLUMNS), randomDocuments('b', 40, COLUMNS)];
    const { rows, unusable } = await opened([await shard('a', documents[0]!), await shard('b', documents[1]!)]);
    const shuffled = createRandom('order').shuffled(documents.flat());
    const places = await Promise.all(shuffled.map(async ({ hash }) => ({ hash, row: (await rows.find(hash))! })));
    expect(new Set(places.map(({ row }) => row)).size).toBe(100);
    expect(await rows.read(places)).toEqual(shuffled.map(valuesOf));
    expect(await rows.read(places.slice(7, 9))).toEqual(shuffled.slice(7, 9).map(valuesOf));
    expect(await rows.find('0'.repeat(64))).toBeUndefined();
    expect(unusable).toEqual([]);
    await rows.close();
  });

  it('hold only the columns that are asked for', async () => {
    const documents = randomDocuments('c', 5, COLUMNS);
    const { rows } = await opened([await shard('c', documents)], { entropy: true, top1: false, bytes: false });
    const [first] = await rows.read([{ row: (await rows.find(documents[0]!.hash))!, hash: documents[0]!.hash }]);
    expect(first).toEqual({ tokenIds: documents[0]!.tokenIds, refLoss: documents[0]!.refLoss, entropy: documents[0]!.entropy });
    await rows.close();
  });

  it('give the first of several rows with one text, within a shard and between shards', async () => {
    const [one, two, three] = randomDocuments('d', 3, COLUMNS).map((document) => ({ ...document, hash: 'ab'.repeat(32) }));
    const { rows } = await opened([await shard('d', [one!, two!]), await shard('e', [three!])]);
    expect(rows.texts).toBe(1);
    const row = (await rows.find('ab'.repeat(32)))!;
    expect(await rows.read([{ row, hash: one!.hash }])).toEqual([valuesOf(one!)]);
    await rows.close();
  });

  it('of a shard with one flipped bit anywhere are unknown, and the shard is named', async () => {
    const documents = randomDocuments('f', 20, COLUMNS);
    const good = await shard('good', documents);
    const bytes = await readFile(good.path);
    const random = createRandom('flips');
    for (let flip = 0; flip < 50; flip++) {
      const damaged = Buffer.from(bytes);
      damaged[random.below(bytes.length)]! ^= 1 << random.below(8);
      const path = await folder.put('bad', damaged);
      const { rows, unusable } = await opened([{ ...good, path }]);
      for (const { hash } of documents) expect(await rows.find(hash)).toBeUndefined();
      expect(unusable).toHaveLength(1);
      expect(unusable[0]).toContain(path);
      await rows.close();
    }
  });

  it('of a shard that is missing, or of another size, are unknown; those of the others are not', async () => {
    const [lost, short, whole] = ['g', 'h', 'i'].map((name) => randomDocuments(name, 4, COLUMNS));
    const shards = [await shard('g', lost!), await shard('h', short!), await shard('i', whole!)];
    await rm(shards[0]!.path);
    await writeFile(shards[1]!.path, (await shardOf(short!.slice(1), COLUMNS)).bytes);
    const { rows, unusable } = await opened(shards);
    expect(unusable).toEqual([expect.stringContaining('it does not exist'), expect.stringMatching(/must have \d+ bytes, it has \d+/)]);
    expect(await Promise.all([lost![0]!, short![1]!].map(({ hash }) => rows.find(hash)))).toEqual([undefined, undefined]);
    const row = (await rows.find(whole![2]!.hash))!;
    expect(await rows.read([{ row, hash: whole![2]!.hash }])).toEqual([valuesOf(whole![2]!)]);
    await rows.close();
  });

  it('that are replaced after they were checked are an error and not a wrong loss, and unknown from then on', async () => {
    const documents = randomDocuments('j', 4, COLUMNS);
    const listed = await shard('j', documents);
    const { rows, unusable } = await opened([listed]);
    const { hash } = documents[0]!;
    const row = (await rows.find(hash))!;
    await shard('j', documents.map((document) => ({ ...document, refLoss: document.refLoss.map(() => 1) })));
    await expect(rows.read([{ row, hash }])).rejects.toMatchObject({ kind: 'io', message: `${listed.path} was written or replaced since it was checked, expected it to stay as it was` });
    expect(unusable).toEqual([]);
    expect(await rows.find(hash)).toBeUndefined();
    expect(unusable).toEqual([expect.stringContaining('must have the sha256 its run recorded')]);
    await rows.close();
  });
});

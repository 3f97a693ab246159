import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256Of } from '../../src/run/file-hash.js';
import { shardName } from '../../src/run/layout.js';
import { writeManifest, type Manifest } from '../../src/run/manifest.js';
import { openScoreSet } from '../../src/store/score-set.js';
import { COLUMN_CHOICES, randomDocuments } from './documents.js';
import { shardOf, useFolder } from './shards.js';

const ALL = COLUMN_CHOICES[15]!;
const folder = useFolder();
const UNITS = [0, 1, 2].map((unit) => randomDocuments(`unit/${unit}`, unit === 1 ? 0 : 30, ALL));

/** A finished run of three units, the second without rows. */
async function run(change: (manifest: Manifest) => Manifest = (manifest) => manifest): Promise<string> {
  await mkdir(join(folder.path, 'shards'));
  const shards: Manifest['shards'][number][] = [];
  for (const [unit, documents] of UNITS.entries()) {
    const { bytes, totals } = await shardOf(documents, ALL, { rowGroupTokens: 400 });
    await folder.put(shardName(unit), bytes);
    shards.push({ unit, path: shardName(unit), sha256: sha256Of(bytes), nonfinite: 0, ...totals, lossSum: 0 });
  }
  const total = (value: (shard: Manifest['shards'][number]) => number): number => shards.reduce((sum, shard) => sum + value(shard), 0);
  const hash = '0'.repeat(64);
  const manifest: Manifest = {
    formatVersion: 1,
    planHash: hash,
    modelHash: hash,
    tokenizerHash: hash,
    conventions: { alignment: 'target-indexed', unit: 'nats', notScored: 'NaN', lossPrecision: 'exact', layout: 'document' },
    computation: { precision: 'float32', devices: [{ kind: 'cpu', units: 3 }] },
    totals: { units: 3, bytes: total(({ bytes }) => bytes), rows: 60, tokens: total(({ tokens }) => tokens), scored: total(({ scored }) => scored), nonfinite: 0, lossSum: 0 },
    documents: { read: 60, scored: 60, quarantined: 0, skipped: 0 },
    duplicateIds: { count: 0, examples: [] },
    shards,
    quarantine: [],
  };
  await writeManifest(folder.path, change(manifest));
  return folder.path;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('a score set', () => {
  it('gives the rows of all shards in the order of the units', async () => {
    const set = await openScoreSet(await run());
    const rows = await collect(set.rows());
    expect(rows.map((row) => row.doc_id)).toEqual(UNITS.flat().map(({ id }) => id));
    expect(rows.map((row) => row.token_ids)).toEqual(UNITS.flat().map(({ tokenIds }) => tokenIds));
    expect(rows.map((row) => row.entropy)).toEqual(UNITS.flat().map(({ entropy }) => entropy));
    expect(rows.length).toBe(set.manifest.totals.rows);
  });

  it('gives row groups with their unit, and only the columns and shards that are asked for', async () => {
    const set = await openScoreSet(await run());
    const groups = await collect(set.rowGroups({ columns: ['ref_loss'], shards: [2, 1] }));
    expect(groups.length).toBeGreaterThan(2);
    expect(new Set(groups.map(({ unit }) => unit))).toEqual(new Set([2]));
    expect(groups.map(({ columns }) => Object.keys(columns))).toEqual(groups.map(() => ['ref_loss']));
    expect(groups.flatMap(({ columns }) => [...columns.ref_loss])).toEqual(UNITS[2]!.flatMap(({ refLoss }) => [...refLoss]));
    const both = await collect(set.rowGroups());
    expect(both.filter(({ unit }) => unit === 2).map(({ offsets }) => offsets)).toEqual(groups.map(({ offsets }) => offsets));
  });

  it('closes the shard when the reader stops early', async () => {
    const set = await openScoreSet(await run());
    let seen = 0;
    for await (const row of set.rows({ columns: ['doc_id'] })) {
      expect(row).toEqual({ doc_id: UNITS[0]![0]!.id });
      seen++;
      break;
    }
    expect(seen).toBe(1);
    expect((await collect(set.rows({ columns: ['doc_id'] }))).length).toBe(60);
  });

  it('opens shards when their turn comes, and never others than the manifest lists', async () => {
    const path = await run();
    await writeFile(join(path, 'shards/part-00003.parquet'), 'not listed');
    await rm(join(path, shardName(2)));
    const set = await openScoreSet(path);
    expect((await collect(set.rows({ shards: [0, 1] }))).length).toBe(30);
    await expect(collect(set.rows())).rejects.toThrow(/part-00002\.parquet/);
    await expect(collect(set.rows({ shards: [3] }))).rejects.toThrow('the run has units 0 to 2, there is no shard of unit 3');
  });

  it.each(['bytes', 'rows', 'tokens'] as const)('refuses a shard whose %s are not those of the manifest', async (name) => {
    const path = await run((manifest) => ({ ...manifest, shards: manifest.shards.map((shard) => (shard.unit === 2 ? { ...shard, [name]: shard[name] + 1 } : shard)) }));
    const set = await openScoreSet(path);
    await expect(collect(set.rows())).rejects.toMatchObject({ kind: 'io', message: expect.stringMatching(`part-00002.parquet must have the ${name} of the manifest`) as string });
  });

  it('hashes each shard before giving anything of it, when told to verify', async () => {
    const path = await run((manifest) => ({ ...manifest, shards: manifest.shards.map((shard) => (shard.unit === 2 ? { ...shard, sha256: 'a'.repeat(64) } : shard)) }));
    expect((await collect((await openScoreSet(path)).rows())).length).toBe(60);
    const verifying = await openScoreSet(path, { verify: true });
    expect((await collect(verifying.rows({ shards: [0] }))).length).toBe(30);
    const seen: number[] = [];
    await expect(
      (async () => {
        for await (const { unit } of verifying.rowGroups()) seen.push(unit);
      })(),
    ).rejects.toThrow(/part-00002\.parquet must have the sha256 of the manifest, a{64}, it has/);
    expect(new Set(seen)).toEqual(new Set([0]));
  });

  it('of a run that is not finished is refused', async () => {
    await expect(openScoreSet(folder.path)).rejects.toThrow('is not a finished run');
  });
});

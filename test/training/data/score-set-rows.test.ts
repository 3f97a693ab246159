import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shardName } from '../../../src/run/layout.js';
import { openScoreSetRows, type ScoreSetRowsOptions } from '../../../src/training/data/score-set-rows.js';
import type { RowSource, TrainingRow } from '../../../src/training/data/training-rows.js';
import { documentsOf, scored, scoreSet, take, VOCAB } from './score-sets.js';

const OPEN: ScoreSetRowsOptions = { seed: 'seed', losses: true, entropy: true, vocabSize: VOCAB, windowTokens: 90 };
const LENGTHS = Array.from({ length: 50 }, (_, i) => (i * 5) % 13);
const UNITS = [documentsOf(LENGTHS), [], documentsOf([0]), documentsOf(LENGTHS, 5000)];

async function rowsOfEpoch(source: RowSource, epoch: number): Promise<TrainingRow[]> {
  const windows = await take(source.windows(epoch, 0));
  return windows.flatMap((window) => Array.from({ length: window.rows }, (_, place) => window.rowAt(place)));
}

describe('the rows of a score set', () => {
  it('are all its rows, each once an epoch, with their unit, number and numbers; units without rows are no hindrance', async () => {
    const source = await openScoreSetRows(await scoreSet(UNITS), OPEN);
    for (const epoch of [0, 1]) {
      const rows = (await rowsOfEpoch(source, epoch)).filter(({ tokenIds }) => tokenIds.length > 0);
      for (const { unit, row, tokenIds, reference, entropy } of rows) {
        const document = UNITS[unit]![row]!;
        expect([...tokenIds]).toEqual([...document.tokenIds]);
        expect([...reference!]).toEqual([...document.refLoss]);
        expect([...entropy!]).toEqual([...document.entropy!]);
      }
      const expected = UNITS.flat().filter(({ tokenIds }) => tokenIds.length > 0).length;
      expect(new Set(rows.map(({ unit, row }) => `${unit}/${row}`)).size).toBe(expected);
      expect(rows.length).toBe(expected);
    }
  });

  it('come in windows of at most the tokens asked for, the same from any window on', async () => {
    const source = await openScoreSetRows(await scoreSet(UNITS), OPEN);
    const windows = await take(source.windows(2, 0));
    expect(windows.length).toBeGreaterThan(5);
    for (const { tokens } of windows) expect(tokens).toBeLessThanOrEqual(90);
    const ids = (list: typeof windows): number[][] => list.map((window) => Array.from({ length: window.rows }, (_, place) => [...window.rowAt(place).tokenIds]).flat());
    for (let first = 0; first <= windows.length; first++) expect(ids(await take(source.windows(2, first)))).toEqual(ids(windows.slice(first)));
  });

  it('mix the shards, in another order in every epoch; without a seed they keep the order of the corpus', async () => {
    const run = await scoreSet(UNITS);
    const shuffled = await openScoreSetRows(run, OPEN);
    const [first, second] = [await rowsOfEpoch(shuffled, 0), await rowsOfEpoch(shuffled, 1)].map((rows) => rows.map(({ unit, row }) => `${unit}/${row}`));
    expect(first).not.toEqual(second);
    expect(first!.slice(0, 25).some((name) => name.startsWith('0/')) && first!.slice(0, 25).some((name) => name.startsWith('3/'))).toBe(true);
    const plain = await rowsOfEpoch(await openScoreSetRows(run, { ...OPEN, seed: null }), 4);
    expect(plain.flatMap(({ tokenIds }) => [...tokenIds])).toEqual(UNITS.flat().flatMap(({ tokenIds }) => [...tokenIds]));
  });

  it('have only the columns asked for', async () => {
    const [row] = await rowsOfEpoch(await openScoreSetRows(await scoreSet(UNITS), { ...OPEN, losses: false, entropy: false }), 0);
    expect(Object.keys(row!).sort()).toEqual(['row', 'tokenIds', 'unit']);
  });

  it('can be named by their document', async () => {
    const source = await openScoreSetRows(await scoreSet(UNITS), OPEN);
    for (const [unit, row] of [[0, 0], [0, 33], [3, 49]] as const) {
      expect(await source.nameRow(unit, row)).toBe(`document "${UNITS[unit]![row]!.id}" (row ${row} of ${shardName(unit)})`);
    }
  });

  it('with a token id outside the vocabulary are refused by shard and row when they are read', async () => {
    const documents = [...documentsOf([3, 0, 0, 4]), scored('large', Int32Array.of(20, VOCAB, 21)), ...documentsOf([0, 3], 40)];
    const source = await openScoreSetRows(await scoreSet([documents]), OPEN);
    await expect(rowsOfEpoch(source, 0)).rejects.toMatchObject({
      kind: 'data',
      message: expect.stringMatching(/part-00000\.parquet, row 4: token ids must be from 0 to 99999, the vocabulary of the model that is trained, got 100000/) as string,
    });
  });
});

describe('opening a score set for training', () => {
  it('finds a missing shard before the first step', async () => {
    const run = await scoreSet(UNITS);
    await rm(join(run, shardName(3)));
    await expect(openScoreSetRows(run, OPEN)).rejects.toMatchObject({ kind: 'io', message: expect.stringContaining('part-00003.parquet') as string });
  });

  it.each(['bytes', 'rows', 'tokens'] as const)('finds a shard whose %s are not those of the manifest', async (name) => {
    const run = await scoreSet(UNITS, { change: (manifest) => ({ ...manifest, shards: manifest.shards.map((shard) => (shard.unit === 3 ? { ...shard, [name]: shard[name] + 1 } : shard)) }) });
    await expect(openScoreSetRows(run, OPEN)).rejects.toThrow(`part-00003.parquet must have the ${name} of the manifest`);
  });

  it('finds changed bytes when told to hash', async () => {
    const run = await scoreSet(UNITS);
    const path = join(run, shardName(0));
    const bytes = await readFile(path);
    bytes[40]! ^= 1;
    await writeFile(path, bytes);
    await expect(openScoreSetRows(run, OPEN)).resolves.toBeDefined();
    await expect(openScoreSetRows(run, { ...OPEN, verify: true })).rejects.toThrow('part-00000.parquet must have the sha256 of the manifest');
  });

  it('refuses a manifest that belongs to another plan', async () => {
    const run = await scoreSet(UNITS, { change: (manifest) => ({ ...manifest, planHash: 'a'.repeat(64) }) });
    await expect(openScoreSetRows(run, OPEN)).rejects.toMatchObject({ kind: 'io', message: expect.stringContaining(`it is of plan ${'a'.repeat(64)}`) as string });
  });

  it('refuses a run that is not finished', async () => {
    const run = await scoreSet(UNITS);
    await rm(join(run, '_SUCCESS'));
    await expect(openScoreSetRows(run, OPEN)).rejects.toThrow('is not a finished run');
  });
});

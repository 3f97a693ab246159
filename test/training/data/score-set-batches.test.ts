import { describe, expect, it } from 'vitest';
import { scoreSetBatches, selectTokens, type TrainingBatch } from '../../../src/index.js';
import { documentsOf, lossOf, scoreSet, take, trainedTokens } from './score-sets.js';

const LENGTHS = Array.from({ length: 40 }, (_, i) => (i * 5) % 19);

describe('batches of a score set, for another trainer', () => {
  it('carry the reference loss of every target, and are what a selection takes', async () => {
    const run = await scoreSet([documentsOf(LENGTHS)]);
    const [batch] = (await take(scoreSetBatches(run, { sequences: 2 }), 1)) as [TrainingBatch];
    expect([batch.sequences, batch.length]).toEqual([2, 8]);
    batch.targets.forEach((id, at) => { if (id > 9) expect(batch.reference![at]).toBe(lossOf(id)); });
    const { kept, candidates } = selectTokens({ ...batch, referenceLoss: batch.reference!, step: 0 }, { score: 'reference', keepFraction: 0.5 });
    expect(kept).toBe(Math.floor(candidates * 0.5 + 0.5));
  });

  it.each([1, 2, 3, 5])('of %i ranks are disjoint, and together every token of an epoch once', async (count) => {
    const run = await scoreSet([documentsOf(LENGTHS.slice(0, 20)), documentsOf(LENGTHS.slice(20), 10_000)]);
    const parts = await Promise.all(Array.from({ length: count }, (_, index) => take(scoreSetBatches(run, { sequences: 2, rank: { index, count }, epochs: 1, verify: true }))));
    const trained = parts.flat().flatMap(trainedTokens);
    const everything = [documentsOf(LENGTHS.slice(0, 20)), documentsOf(LENGTHS.slice(20), 10_000)].flat().flatMap(({ tokenIds }) => [...tokenIds]);
    expect(trained.sort((a, b) => a - b)).toEqual(everything);
    expect(new Set(parts.map((part) => part.length)).size).toBe(1);
  });

  it('resume to the exact batch from the place after one, as JSON', async () => {
    const run = await scoreSet([documentsOf(LENGTHS)]);
    const whole = await take(scoreSetBatches(run, { sequences: 3, seed: 'a' }), 9);
    const from: unknown = JSON.parse(JSON.stringify(whole[3]!.next));
    expect(await take(scoreSetBatches(run, { sequences: 3, seed: 'a', from }), 5)).toEqual(whole.slice(4));
    await expect(take(scoreSetBatches(run, { sequences: 3, seed: 'b', from }), 1)).rejects.toThrow('the checkpoint stopped in a stream whose seed is a, this one has b');
  });

  it('refuse what the set does not have', async () => {
    const run = await scoreSet([documentsOf(LENGTHS)]);
    await expect(take(scoreSetBatches(run, { sequences: 0 }), 1)).rejects.toThrow('a batch must have a whole number of sequences from 1, got 0');
    await expect(take(scoreSetBatches(run, { sequences: 1, rank: { index: 2, count: 2 } }), 1)).rejects.toThrow('the rank must be from 0 to 1');
  });
});

import { describe, expect, it } from 'vitest';
import type { TrainingBatch } from '../../../src/training/data/batch.js';
import { packBatches } from '../../../src/training/data/pack-batches.js';
import { rankShare } from '../../../src/training/data/rank.js';
import { openScoreSetRows, type ScoreSetRows } from '../../../src/training/data/score-set-rows.js';
import { documentFormat } from '../../../src/training/data/sequence-format.js';
import { BOS, documentsOf, EOS, scoreSet, take, trainedTokens, VOCAB } from './score-sets.js';

const LENGTHS = Array.from({ length: 60 }, (_, i) => (i * 7) % 23);
const FORMAT = documentFormat(8, 'bos', { bosId: BOS, eosId: EOS });
const open = async (): Promise<ScoreSetRows> => openScoreSetRows(await scoreSet([documentsOf(LENGTHS)]), { seed: 'seed', losses: true, entropy: false, vocabSize: VOCAB, windowTokens: 100 });

const ofRank = (set: ScoreSetRows, index: number, count: number, sequences: number, limit?: number, from?: unknown): Promise<TrainingBatch[]> =>
  take(packBatches(set, { format: FORMAT, sequences, positions: 'all', rank: { index, count }, ...(limit === undefined ? { epochs: 1 } : {}), ...(from === undefined ? {} : { from }) }), limit);

describe('ranks', () => {
  it.each([1, 2, 3, 7])('that are %i see disjoint parts whose union is everything', async (count) => {
    const set = await open();
    const parts = await Promise.all(Array.from({ length: count }, (_, index) => ofRank(set, index, count, 2)));
    const trained = parts.flat().flatMap(trainedTokens);
    expect(new Set(trained).size).toBe(trained.length);
    expect(trained.sort((a, b) => a - b)).toEqual(documentsOf(LENGTHS).flatMap(({ tokenIds }) => [...tokenIds]));
  });

  it.each([2, 3, 7])('that are %i have the same number of batches and the same place after each, the last filled up', async (count) => {
    const set = await open();
    const parts = await Promise.all(Array.from({ length: count }, (_, index) => ofRank(set, index, count, 3)));
    const sequences = Math.ceil((LENGTHS.reduce((sum, length) => sum + (length === 0 ? 0 : length + 2), 0) - 1) / 8);
    for (const part of parts) {
      expect(part.length).toBe(Math.ceil(sequences / (3 * count)));
      expect(part.map(({ next }) => next)).toEqual(parts[0]!.map(({ next }) => next));
      expect(part.every(({ inputIds }) => inputIds.length === 24)).toBe(true);
    }
  });

  it('may have no target at all in the last batch of a stream that ends, and no other', async () => {
    const set = await open();
    const last = (await ofRank(set, 19, 20, 3)).map(({ targetCount }) => targetCount);
    expect(last.at(-1)).toBe(0);
    expect(last.slice(0, -1).every((count) => count > 0)).toBe(true);
  });

  it('together train on the batches that one process gets with as many sequences, or as accumulated batches', async () => {
    const set = await open();
    const [first, second, alone, accumulated] = await Promise.all([ofRank(set, 0, 2, 3, 12), ofRank(set, 1, 2, 3, 12), ofRank(set, 0, 1, 6, 12), ofRank(set, 0, 1, 3, 24)]);
    alone.forEach(({ inputIds, targets, reference, next }, step) => {
      expect([...first[step]!.inputIds, ...second[step]!.inputIds]).toEqual([...inputIds]);
      expect([...first[step]!.targets, ...second[step]!.targets]).toEqual([...targets]);
      expect([...first[step]!.reference!, ...second[step]!.reference!]).toEqual([...reference!]);
      expect(accumulated[2 * step]!.inputIds).toEqual(first[step]!.inputIds);
      expect(accumulated[2 * step + 1]!.inputIds).toEqual(second[step]!.inputIds);
      expect(first[step]!.next).toEqual(next);
    });
  });

  it('may be more or fewer after a pause: what follows is the same', async () => {
    const set = await open();
    const before = await ofRank(set, 1, 2, 3, 4);
    const alone = await ofRank(set, 0, 1, 6, 7);
    const after = await Promise.all([0, 1, 2].map((index) => ofRank(set, index, 3, 2, 3, before[3]!.next)));
    expect([0, 1, 2].flatMap((step) => after.flatMap((part) => [...part[step]!.inputIds]))).toEqual(alone.slice(4).flatMap(({ inputIds }) => [...inputIds]));
  });

  it.each([
    [{ index: 2, count: 2 }, 'the rank must be from 0 to 1, one less than the number of ranks, got 2'],
    [{ index: -1, count: 2 }, 'the rank must be from 0 to 1, one less than the number of ranks, got -1'],
    [{ index: 0, count: 0 }, 'the number of ranks must be a whole number from 1, got 0'],
  ])('out of range are refused: %j', (rank, message) => {
    expect(() => rankShare(rank, 4)).toThrow(message);
  });
});

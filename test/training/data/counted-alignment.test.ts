import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/math/random.js';
import { AlignmentTally } from '../../../src/training/data/alignment.js';
import { alignmentByCounts } from '../../../src/training/data/counted-alignment.js';
import { countedLosses } from '../../../src/training/data/counted-losses.js';
import type { RowSource, TrainingRow } from '../../../src/training/data/training-rows.js';

function sourceOf(rows: readonly { readonly tokenIds: Int32Array; readonly reference?: Float32Array }[]): RowSource {
  const rowAt = (row: number): TrainingRow => ({ ...rows[row]!, unit: 0, row });
  return {
    identity: { source: 'rows', seed: null, windowTokens: 1 },
    has: { reference: true, entropy: false },
    async *windows() { yield await Promise.resolve({ rows: rows.length, tokens: 0, rowAt }); },
  };
}

/** Tokens of very different frequency, and losses as a good model of them has: what the frequency says, and as much of its own. */
function text(seed: string, length: number): { tokenIds: Int32Array; reference: Float32Array } {
  const random = createRandom(seed);
  const tokenIds = Int32Array.from({ length }, () => Math.min(200, Math.floor(-40 * Math.log(1 - random.float()))));
  return { tokenIds, reference: Float32Array.from(tokenIds, (id) => id / 40 + 2 * random.float()) };
}

const moved = (losses: Float32Array, by: number): Float32Array => Float32Array.from(losses, (_, t) => losses[t - by] ?? NaN);

describe('losses from counts', () => {
  it('are those of frequencies, and of pairs of neighbours, without the occurrence in question', () => {
    const { byFrequency, byPair } = countedLosses([Int32Array.of(7, 8, 7, 8, 7, 9), Int32Array.of(7)]);
    const share = (others: number): number => (others + 0.5) / (6 + 0.5 * 3);
    const frequency = (others: number): number => -Math.log(share(others));
    [...[3, 1, 3, 1, 3, 0].map(frequency), frequency(3)].forEach((loss, t) => { expect([...byFrequency[0]!, ...byFrequency[1]!][t]).toBeCloseTo(loss, 6); });
    // 8 follows 7 once more, of the two other times that something follows a 7.
    expect(byPair[0]![1]).toBeCloseTo(-Math.log((1 + 4 * share(1)) / (2 + 4)), 6);
    expect(byPair[0]![5]).toBeCloseTo(-Math.log((0 + 4 * share(0)) / (2 + 4)), 6);
    expect(byPair[0]![0]).toBe(byFrequency[0]![0]);
  });

  it('stay finite where everything is said once', () => {
    const { byFrequency, byPair } = countedLosses([Int32Array.of(1, 2, 3), Int32Array.of(4)]);
    expect([...byFrequency, ...byPair].flatMap((row) => [...row]).every(Number.isFinite)).toBe(true);
    expect(countedLosses([])).toEqual({ byFrequency: [], byPair: [] });
  });
});

describe('a score set, before there is a model', () => {
  it.each([0, 1, -1, 2, -2])('whose losses stand %i tokens off is known by that', async (by) => {
    const rows = Array.from({ length: 20 }, (_, at) => text(`row ${at}`, 300)).map(({ tokenIds, reference }) => ({ tokenIds, reference: moved(reference, by) }));
    expect(await alignmentByCounts(sourceOf(rows))).toMatchObject({ verdict: by === 0 ? 'aligned' : 'shifted', shift: by });
  });

  it('whose losses tell nothing is not refused', async () => {
    const random = createRandom('flat');
    const rows = [{ ...text('a', 9000), reference: Float32Array.from({ length: 9000 }, () => random.float()) }];
    expect(await alignmentByCounts(sourceOf(rows))).toMatchObject({ verdict: 'undecided', shift: 0 });
    expect(await alignmentByCounts(sourceOf([]))).toMatchObject({ verdict: 'undecided', candidates: 0 });
    expect(await alignmentByCounts(sourceOf([{ tokenIds: Int32Array.of(1, 2) }]))).toMatchObject({ verdict: 'undecided' });
  });

  it('of split words, whose rarer half is the easier one, is not taken for a shifted one', async () => {
    // Common tokens that surprise, each followed by a rare one that does not, and tokens between: frequencies alone say one token early.
    const random = createRandom('pairs');
    const [ids, losses]: [number[], number[]] = [[], []];
    while (ids.length < 20_000) {
      const first = random.below(10);
      ids.push(first, 30 + first * 4 + random.below(4));
      losses.push(4 + random.float(), random.float());
      for (let between = random.below(5); between > 0; between--) {
        ids.push(10 + random.below(20));
        losses.push(1 + 2 * random.float());
      }
    }
    const row = { tokenIds: Int32Array.from(ids), reference: Float32Array.from(losses) };
    const frequencies = new AlignmentTally();
    frequencies.add({ live: countedLosses([row.tokenIds]).byFrequency[0]!, reference: row.reference, sequenceOffsets: Int32Array.of(0, ids.length) });
    expect(frequencies.result(1)).toMatchObject({ verdict: 'shifted', shift: -1 });
    expect((await alignmentByCounts(sourceOf([row]))).verdict).toBe('undecided');
  });
});

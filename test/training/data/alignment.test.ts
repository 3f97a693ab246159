import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/math/random.js';
import { AlignmentTally, LAGS, type Alignment } from '../../../src/training/data/alignment.js';

const VOCAB = 2048;
const [B, T] = [4, 511];
const OFFSETS = Int32Array.from({ length: B + 1 }, (_, b) => b * T);

/**
 * Losses as two models have them: what both find hard about a token, noisy passages that are hard throughout (the more so for the reference model, which
 * has not seen their like), and what each has of its own. `knowledge` 0 is a live model that has learned nothing.
 */
function losses(seed: string, knowledge: number): { live: Float32Array; reference: Float32Array } {
  const random = createRandom(seed);
  const exponential = (): number => -Math.log(1 - random.float());
  const live = new Float32Array(B * T);
  const reference = new Float32Array(B * T);
  let noisy = false;
  for (let t = 0; t < B * T; t++) {
    if (random.chance(0.02)) noisy = !noisy;
    const shared = exponential();
    reference[t] = random.chance(0.01) ? NaN : shared + exponential() + (noisy ? 5 * random.float() : 0);
    live[t] = knowledge === 0 ? Math.log(VOCAB) + 0.25 * (random.float() - 0.5) : knowledge * shared + exponential() + (noisy ? 2 : 0);
  }
  return { live, reference };
}

/** Every loss `by` tokens later in its sequence. */
function shifted(reference: Float32Array, by: number): Float32Array {
  return reference.map((_, i) => {
    const [b, t] = [Math.floor(i / T), (i % T) - by];
    return t < 0 || t >= T ? NaN : reference[b * T + t]!;
  });
}

function judge(batches: number, knowledge: number, change: (reference: Float32Array) => Float32Array = (reference) => reference, length = B): Alignment {
  const tally = new AlignmentTally();
  for (let k = 0; k < batches; k++) {
    const { live, reference } = losses(`batch ${k}`, knowledge);
    tally.add({ live, reference: change(reference), sequenceOffsets: OFFSETS.subarray(0, length + 1) });
  }
  return tally.result(VOCAB);
}

const naivePearson = (pairs: readonly (readonly [number, number])[]): number => {
  const mean = (side: 0 | 1): number => pairs.reduce((sum, pair) => sum + pair[side], 0) / pairs.length;
  const [x, y] = [mean(0), mean(1)];
  const sum = (f: (a: number, b: number) => number): number => pairs.reduce((total, [a, b]) => total + f(a - x, b - y), 0);
  return sum((a, b) => a * b) / Math.sqrt(sum((a) => a * a) * sum((_, b) => b * b));
};

describe('live and reference losses', () => {
  it('of the same tokens are aligned, after one batch of 2,044', () => {
    const { verdict, shift, candidates, contrasts } = judge(1, 0.7);
    expect({ verdict, shift }).toEqual({ verdict: 'aligned', shift: 0 });
    expect(candidates).toBeGreaterThan(2000);
    expect(contrasts[2]).toBeGreaterThan(0.2);
  });

  it.each([-2, -1, 1, 2])('that stand %i tokens apart are refused by that number', (by) => {
    for (const batches of [1, 4]) expect(judge(batches, 0.7, (reference) => shifted(reference, by))).toMatchObject({ verdict: 'shifted', shift: by });
  });

  it('one token apart still correlate as they are, which is why contrasts decide', () => {
    const { losses: plain, contrasts } = judge(4, 0.7, (reference) => shifted(reference, 1));
    expect(plain[2]! / plain[3]!).toBeGreaterThan(0.5);
    expect(contrasts[2]).toBeLessThan(0);
    expect(contrasts[3]).toBeGreaterThan(0.2);
  });

  it('of an untrained model are undecided, however many there are', () => {
    for (const batches of [1, 4, 20]) expect(judge(batches, 0)).toMatchObject({ verdict: 'undecided', shift: 0 });
  });

  it('that have nothing to do with each other are unrelated once there are enough of them', () => {
    const reversed = (reference: Float32Array): Float32Array => reference.toReversed();
    expect(judge(1, 0.7, reversed).verdict).toBe('undecided');
    expect(judge(4, 0.7, reversed).verdict).toBe('unrelated');
    expect(judge(4, 0.7, (reference) => reference.map(() => 3)).verdict).toBe('unrelated');
  });

  it('without a candidate are undecided', () => {
    expect(judge(2, 0.7, (reference) => reference.map(() => NaN))).toMatchObject({ verdict: 'undecided', candidates: 0 });
    expect(new AlignmentTally().result(VOCAB)).toMatchObject({ verdict: 'undecided', candidates: 0 });
  });

  it('are correlated by Pearson over the tokens that both have, never across sequences', () => {
    const { live, reference } = losses('pearson', 0.7);
    live[100] = Infinity;
    const tally = new AlignmentTally();
    tally.add({ live, reference, sequenceOffsets: OFFSETS });
    const { losses: found, contrasts, candidates, meanLive } = tally.result(VOCAB);
    const contrast = (x: Float32Array, i: number): number => (i % T === 0 || i % T === T - 1 ? NaN : x[i]! - (x[i - 1]! + x[i + 1]!) / 2);
    const finite = ([x, y]: readonly [number, number]): boolean => Number.isFinite(x) && Number.isFinite(y);
    LAGS.forEach((lag, at) => {
      const inside = [...live.keys()].filter((i) => i % T >= Math.max(0, -lag) && i % T < T - Math.max(0, lag));
      expect(found[at]).toBeCloseTo(naivePearson(inside.map((i) => [live[i]!, reference[i + lag]!] as const).filter(finite)), 10);
      expect(contrasts[at]).toBeCloseTo(naivePearson(inside.map((i) => [contrast(live, i), contrast(reference, i + lag)] as const).filter(finite)), 10);
    });
    const both = [...live.keys()].filter((i) => finite([live[i]!, reference[i]!]));
    expect(candidates).toBe(both.length);
    expect(meanLive).toBeCloseTo(both.reduce((sum, i) => sum + live[i]!, 0) / both.length, 10);
  });

  it('added batch by batch count as if they were one batch', () => {
    const tally = new AlignmentTally();
    const { live, reference } = losses('whole', 0.7);
    tally.add({ live, reference, sequenceOffsets: OFFSETS });
    const parts = new AlignmentTally();
    for (let b = 0; b < B; b++) parts.add({ live: live.subarray(b * T, (b + 1) * T), reference: reference.subarray(b * T, (b + 1) * T), sequenceOffsets: Int32Array.of(0, T) });
    expect(parts.result(VOCAB)).toEqual(tally.result(VOCAB));
  });
});

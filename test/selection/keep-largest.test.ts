import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import { keepLargest } from '../../src/selection/keep-largest.js';
import { ranksOf } from '../../src/selection/ranks.js';

/** Every kind of float32 but NaN: any bits, few distinct values, both zeros, infinities, subnormals. */
function scoresOf(round: number): Float32Array {
  const random = createRandom(`scores/${round}`);
  const few = [0, -0, 1, -1, Infinity, -Infinity, 1e-45, -1e-45, 3e38, -3e38];
  const anyFloat = (): number => {
    const value = new Float32Array(Uint32Array.of(random.uint32()).buffer)[0]!;
    return Number.isNaN(value) ? 0 : value;
  };
  return Float32Array.from({ length: 5 + random.below(200) }, () => (random.chance((round % 3) / 2) ? random.pick(few) : anyFloat()));
}

/** Indices from best to worst; sorting is stable. */
const orderOf = (scores: Float32Array): number[] => [...scores.keys()].sort((a, b) => (scores[a]! > scores[b]! ? -1 : scores[a]! < scores[b]! ? 1 : 0));

describe('the largest scores', () => {
  it('are kept and ranked in the order of a stable sort, for every count', () => {
    for (let round = 0; round < 12; round++) {
      const scores = scoresOf(round);
      const order = orderOf(scores);
      expect([...ranksOf(scores, 0, scores.length)]).toEqual([...scores.keys()].map((i) => order.indexOf(i)));
      for (let count = 0; count <= scores.length; count += 1 + (round % 4)) {
        const mask = new Uint8Array(scores.length);
        const lowest = keepLargest(scores, 0, scores.length, count, mask);
        expect([...mask]).toEqual([...scores.keys()].map((i) => (order.indexOf(i) < count ? 1 : 0)));
        expect(lowest === (count === 0 ? Infinity : scores[order[count - 1]!]!)).toBe(true);
      }
    }
  });

  it('of a range leave the rest of the mask alone, in a view that begins anywhere', () => {
    const scores = Float32Array.of(9, 5, 1, 7, 3, 9).subarray(1);
    const mask = new Uint8Array(5).fill(8);
    expect(keepLargest(scores, 1, 4, 1, mask)).toBe(7);
    expect([...mask]).toEqual([8, 0, 1, 0, 8]);
    expect([...ranksOf(scores, 1, 4)]).toEqual([2, 0, 1]);
  });
});

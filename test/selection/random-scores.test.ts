import { describe, expect, it } from 'vitest';
import { randomScoreOf } from '../../scripts/fixtures/naive-selection.js';
import { randomScores } from '../../src/selection/random-scores.js';

function draw(seed: number, step: number, count: number, firstPosition = 0): Float32Array {
  const scores = new Float32Array(count);
  randomScores(seed, step, scores, firstPosition);
  return scores;
}

describe('random scores', () => {
  it('are those of the formula, worked out in whole numbers', () => {
    for (const [seed, step] of [[0, 0], [1, 0], [0, 1], [2 ** 32 - 1, 2 ** 32 - 1], [2 ** 31, 12_345]] as const) {
      expect([...draw(seed, step, 200, 1000)]).toEqual(Array.from({ length: 200 }, (_, i) => randomScoreOf(seed, step, 1000 + i)));
    }
  });

  it('belong to a position, wherever the array begins', () => {
    expect(draw(3, 9, 50, 100)).toEqual(draw(3, 9, 150).subarray(100));
  });

  it('are spread evenly, and unrelated from one step, seed and position to the next', () => {
    const count = 20_000;
    const scores = draw(1, 1, count);
    const tenths = new Uint32Array(10);
    for (const score of scores) tenths[Math.floor(score * 10)]!++;
    expect(Math.min(...scores)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...scores)).toBeLessThan(1);
    // Five standard deviations of a tenth's share; the correlation of unrelated columns is within 5 / sqrt(count) of 0.
    for (const share of tenths) expect(Math.abs(share - count / 10)).toBeLessThan(5 * Math.sqrt(count * 0.09));
    for (const other of [draw(1, 2, count), draw(2, 1, count), draw(1, 1, count, 1)]) {
      const covariance = scores.reduce((sum, score, i) => sum + (score - 0.5) * (other[i]! - 0.5), 0) / count;
      expect(Math.abs(covariance * 12)).toBeLessThan(5 / Math.sqrt(count));
    }
  });

  it('refuse what is no 32-bit number', () => {
    for (const [seed, step, position, message] of [[-1, 0, 0, 'the seed'], [0, 0.5, 0, 'the step'], [0, 2 ** 32, 0, 'the step'], [0, 0, 2 ** 32, 'the first position'], [0, 0, 2 ** 32 - 1, 'the last position'], [0, 0, -1, 'the first position']] as const) {
      expect(() => { draw(seed, step, 2, position); }).toThrow(message);
    }
  });
});

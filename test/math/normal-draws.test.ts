import { describe, expect, it } from 'vitest';

import { naturalLog, normalDraws } from '../../src/math/normal-draws.js';
import { createRandom } from '../../src/math/random.js';

function draws(seed: string, count: number): number[] {
  const draw = normalDraws(seed);
  return Array.from({ length: count }, draw);
}

describe('normal draws', () => {
  it('have the shares of a normal distribution between any two quartiles and tails', () => {
    const count = 200_000;
    const sample = draws('shares', count);
    // Quantiles of the standard normal distribution for 1 %, 5 %, 25 %, 50 %, 75 %, 95 %, 99 %.
    const quantiles: readonly (readonly [number, number])[] = [[-2.3263479, 0.01], [-1.6448536, 0.05], [-0.6744898, 0.25], [0, 0.5], [0.6744898, 0.75], [1.6448536, 0.95], [2.3263479, 0.99]];
    for (const [quantile, share] of quantiles) {
      const below = sample.filter((value) => value < quantile).length / count;
      // Four standard errors.
      expect(Math.abs(below - share)).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / count));
    }
    expect(sample.reduce((most, value) => Math.max(most, value))).toBeGreaterThan(3.8);
  });

  it('have mean 0, variance 1, kurtosis 3, and neighbours that do not depend on each other', () => {
    const sample = draws('moments', 200_000);
    const mean = (of: (value: number, at: number) => number): number => sample.reduce((sum, value, at) => sum + of(value, at), 0) / sample.length;
    expect(Math.abs(mean((x) => x))).toBeLessThan(0.01);
    expect(Math.abs(mean((x) => x * x) - 1)).toBeLessThan(0.015);
    expect(Math.abs(mean((x) => x ** 4) - 3)).toBeLessThan(0.1);
    expect(Math.abs(mean((x, at) => x * (sample[at + 1] ?? 0)))).toBeLessThan(0.01);
    expect(Math.abs(mean((x, at) => x * x * (sample[at + 1] ?? 0) ** 2) - 1)).toBeLessThan(0.03);
  });

  it('of a seed never change between versions', () => {
    expect(draws('touchstone', 5)).toMatchInlineSnapshot(`
      [
        -1.495680941073678,
        0.2603906947578154,
        -0.038741727772751276,
        -1.3887992972099859,
        -1.5199418240514944,
      ]
    `);
    expect(draws('touchstone', 5)).toEqual(draws('touchstone', 5));
    expect(draws('touchstone/2', 5)).not.toEqual(draws('touchstone', 5));
  });
});

describe('the logarithm made of basic arithmetic', () => {
  it('is within two units in the last place of the exact one, from the smallest argument a draw can give up to 1', () => {
    const random = createRandom('logarithm');
    let worst = 0;
    for (let round = 0; round < 50_000; round++) {
      const x = (random.float() + 2 ** -33) * 2 ** -random.below(62);
      const exact = Math.log(x);
      worst = Math.max(worst, Math.abs(naturalLog(x) - exact) / (Math.abs(exact) * 2 ** -52));
    }
    expect(worst).toBeLessThan(2);
    expect(naturalLog(1)).toBe(0);
    expect(naturalLog(Math.E)).toBeCloseTo(1, 15);
    expect(naturalLog(1 - 2 ** -53)).toBeCloseTo(-(2 ** -53), 30);
  });
});

import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/math/random.js';
import { lossErrors } from '../../../src/scoring/calibration/loss-errors.js';

const losses = (...documents: readonly (readonly number[])[]): Float32Array[] => documents.map((values) => Float32Array.from(values));

describe('the errors of approximate losses', () => {
  it('are mean and largest magnitude and mean difference over the tokens that have both losses', () => {
    const exact = losses([NaN, 1, 2], [NaN, 4, 5, NaN]);
    const approximate = losses([NaN, 1.5, 2], [NaN, 3.75, 5.25, 9]);
    expect(lossErrors(exact, approximate)).toEqual({ tokens: 4, meanError: 0.25, maxError: 0.5, bias: 0.125, changedSelection: 0, lost: 0 });
  });

  it('count the tokens whose loss was finite and no longer is', () => {
    expect(lossErrors(losses([1, 2, 3]), losses([NaN, 2, NaN]))).toMatchObject({ tokens: 1, lost: 2 });
  });

  it('are null where there is no token', () => {
    expect(lossErrors(losses([NaN], []), losses([NaN], []))).toEqual({ tokens: 0, meanError: null, maxError: null, bias: null, changedSelection: null, lost: 0 });
  });

  it('say which share of the tokens enters or leaves the 60 % with the lowest loss', () => {
    const exact = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    const crossed = [1, 2, 3, 4, 5, 7, 6, 8, 9, 10]; // the sixth and the seventh change places
    const within = [3, 1, 2, 4, 5, 6, 10, 9, 8, 7];
    expect(lossErrors(losses(exact), losses(crossed)).changedSelection).toBe(0.2);
    expect(lossErrors(losses(exact), losses(within)).changedSelection).toBe(0);
  });

  it('take the earlier of tokens with equal losses', () => {
    expect(lossErrors(losses([1, 1, 1, 1, 1]), losses([2, 2, 2, 2, 2])).changedSelection).toBe(0);
    expect(lossErrors(losses([1, 1, 1, 1, 1]), losses([2, 2, 2, 2, 1])).changedSelection).toBe(0.4);
  });

  it('are those of a slow computation by definition', () => {
    const random = createRandom('errors');
    const exact = Array.from({ length: 500 }, () => Math.fround(random.float() * 10));
    const approximate = exact.map((loss) => Math.fround(loss + random.float() - 0.5));
    const below = (all: readonly number[], loss: number): number => all.filter((other) => other < loss).length;
    const changed = exact.filter((loss, at) => below(exact, loss) < 300 !== below(approximate, approximate[at]!) < 300).length;
    expect(lossErrors(losses(exact), losses(approximate)).changedSelection).toBe(changed / 500);
    expect(changed).toBeGreaterThan(0);
  });
});

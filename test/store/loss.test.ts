import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import { LOSS_GRID, canonicalNaN, roundToGrid, tallyLosses } from '../../src/store/loss.js';

describe('losses on the grid', () => {
  it('are multiples of 2^-11 nats, at most 2^-12 from the loss', () => {
    const random = createRandom('grid');
    const losses = Float32Array.from({ length: 100_000 }, () => (random.chance(0.5) ? random.float() : random.float() * 2 ** random.below(24)));
    const rounded = new Float32Array(losses.length);
    roundToGrid(losses, rounded);
    const errors = Float64Array.from(losses, (loss, i) => Math.abs(rounded[i]! - loss));
    expect(Math.max(...errors.subarray(0, 50_000), ...errors.subarray(50_000))).toBeLessThanOrEqual(LOSS_GRID / 2);
    expect(rounded.every((loss) => Number.isInteger(loss / LOSS_GRID))).toBe(true);
  });

  it('keep NaN, the infinities and zero, and round a tiny negative loss to plain zero', () => {
    const rounded = new Float32Array(6);
    roundToGrid(Float32Array.of(NaN, Infinity, -Infinity, 0, -0, -1e-5), rounded);
    expect([...rounded]).toEqual([NaN, Infinity, -Infinity, 0, 0, 0]);
  });

  it('round halves to even', () => {
    const rounded = new Float32Array(4);
    roundToGrid(Float32Array.of(0.5 * LOSS_GRID, 1.5 * LOSS_GRID, 2.5 * LOSS_GRID, 8191.5 + 2.5 * LOSS_GRID), rounded);
    expect([...rounded]).toEqual([0, 2 * LOSS_GRID, 2 * LOSS_GRID, 8191.5 + 2 * LOSS_GRID]);
  });

  it('do not move when they are rounded again', () => {
    const once = new Float32Array(3);
    roundToGrid(Float32Array.of(0.1, 3.14159, 12345.678), once);
    const twice = new Float32Array(3);
    roundToGrid(once, twice);
    expect(twice).toEqual(once);
  });
});

describe('NaN', () => {
  it('has one bit pattern, whatever it was made of', () => {
    const bits = Int32Array.of(0x7fc00001, -1, 0x7f800001, 0x3f800000, 0x7f800000);
    const floats = new Float32Array(bits.buffer);
    canonicalNaN(floats);
    expect([...bits]).toEqual([0x7fc00000, 0x7fc00000, 0x7fc00000, 0x3f800000, 0x7f800000]);
  });
});

describe('the tally of losses', () => {
  it('counts and sums in float64 what is not NaN', () => {
    expect(tallyLosses(Float32Array.of(NaN, 1.5, 2 ** 24, 1, NaN))).toEqual({ scored: 3, sum: 2 ** 24 + 2.5 });
    expect(tallyLosses(new Float32Array(0))).toEqual({ scored: 0, sum: 0 });
    expect(tallyLosses(Float32Array.of(1, Infinity))).toEqual({ scored: 2, sum: Infinity });
  });
});

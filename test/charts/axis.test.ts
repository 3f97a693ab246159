import { describe, expect, it } from 'vitest';

import { axisOver, figureText, tickText } from '../../src/charts/axis.js';

function ticks(low: number, high: number, count = 5, unit = 0): string[] {
  const axis = axisOver(low, high, count, unit);
  return axis.ticks.map((tick) => tickText(tick, axis));
}

describe('the ticks of an axis', () => {
  it('stand at round numbers within it', () => {
    expect(ticks(0, 1)).toEqual(['0', '0.2', '0.4', '0.6', '0.8', '1.0']);
    expect(ticks(1.93, 8.4)).toEqual(['2', '3', '4', '5', '6', '7', '8']);
    expect(ticks(-0.61, 0.97)).toEqual(['-0.6', '-0.4', '-0.2', '0', '0.2', '0.4', '0.6', '0.8']);
    expect(ticks(0, 100)).toEqual(['0', '20', '40', '60', '80', '100']);
  });

  it('share one unit, however large or small', () => {
    expect(ticks(0, 24_000)).toEqual(['0', '5k', '10k', '15k', '20k']);
    expect(ticks(0, 2_500_000)).toEqual(['0.0M', '0.5M', '1.0M', '1.5M', '2.0M', '2.5M'].with(0, '0'));
    expect(ticks(0, 3e-4)).toEqual(['0', '0.5e-4', '1.0e-4', '1.5e-4', '2.0e-4', '2.5e-4', '3.0e-4']);
    expect(ticks(0, 4e12)).toEqual(['0', '1e12', '2e12', '3e12', '4e12']);
  });

  it('of whole things are whole', () => {
    expect(ticks(0, 1, 6, 1)).toEqual(['0', '1']);
    expect(ticks(0, 7, 6, 1)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
  });

  it('exist for a single value, and never say the same twice', () => {
    for (const [low, high] of [[3, 3], [0, 0], [-2, -2], [1e-9, 1e-9], [5.0001, 5.0002], [-1e6, 1e6], [999, 1001]] as const) {
      const texts = ticks(low, high);
      expect(texts.length).toBeGreaterThan(1);
      expect(new Set(texts).size).toBe(texts.length);
    }
  });
});

describe('a figure', () => {
  it('has four digits, whole numbers all of theirs', () => {
    expect([2.34567, 0.0123456, 3e-5, 1234567, 12345.6, -0.5353, 0, NaN, 999].map(figureText)).toEqual(['2.346', '0.01235', '3.00e-5', '1,234,567', '12,346', '-0.5353', '0', '–', '999']);
  });
});

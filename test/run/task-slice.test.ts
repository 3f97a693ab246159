import { describe, expect, it } from 'vitest';
import { tasksHolding, unitsOfTask } from '../../src/run/task-slice.js';

const unitsIn = (index: number, count: number | 'units', units: number): number[] => {
  const { start, end } = unitsOfTask({ index, count }, units);
  return Array.from({ length: end - start }, (_, at) => start + at);
};

describe('the slices of a run', () => {
  it('cover every unit exactly once, in order, in sizes that differ by one at most', () => {
    for (const [count, units] of [[1, 7], [3, 7], [7, 7], [8, 7], [64, 10_000], [5, 1], [3, 0]] as const) {
      const slices = Array.from({ length: count }, (_, index) => unitsIn(index, count, units));
      expect(slices.flat()).toEqual(Array.from({ length: units }, (_, unit) => unit));
      const sizes = slices.map((slice) => slice.length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
  });

  it('are single units where there is one a unit', () => {
    expect(unitsIn(6, 'units', 7)).toEqual([6]);
  });

  it('are found again from the units they hold', () => {
    for (const [count, units] of [[3, 7], [8, 7], [64, 10_000], [1, 4]] as const) {
      for (let index = 0; index < count; index++) {
        const held = unitsIn(index, count, units);
        expect(tasksHolding(held, units, count)).toEqual(held.length === 0 ? [] : [index]);
      }
    }
    expect(tasksHolding([9, 3, 0, 4], 10, 5)).toEqual([0, 1, 2, 4]);
    expect(tasksHolding([9, 3], 10, 'units')).toEqual([3, 9]);
  });

  it('have indexes from 0', () => {
    expect(() => unitsIn(8, 8, 100)).toThrow('must be from 0 to 7, got 8');
    expect(() => unitsIn(-1, 8, 100)).toThrow('got -1');
    expect(() => unitsIn(100, 'units', 100)).toThrow('must be from 0 to 99, got 100: the run has 100 units');
  });
});

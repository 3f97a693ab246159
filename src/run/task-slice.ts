import { TouchstoneError } from '../errors.js';

/** The part of a run's units that one of several commands takes care of. */
export interface TaskSlice {
  /** From 0. */
  readonly index: number;
  /** Into how many slices the units are cut; 'units' = one slice a unit, so that an index names a unit. */
  readonly count: number | 'units';
}

/** Half-open range of units. */
export interface UnitRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The units of a slice: contiguous, in sizes that differ by one at most; empty where there are more slices than units. Contiguous, since the units of one
 * input file lie side by side: a task then hashes and reads few files, where a strided one would hash nearly all of them. A run keeps no record of
 * its slices: `count` may change between commands, and any commands whose slices cover the units finish it. Throws a usage error for an index outside.
 */
export function unitsOfTask({ index, count }: TaskSlice, units: number): UnitRange {
  const slices = count === 'units' ? units : count;
  if (!Number.isSafeInteger(index) || index < 0 || index >= slices) {
    throw new TouchstoneError('usage', `the task's index must be from 0 to ${slices - 1}, got ${index}${count === 'units' ? `: the run has ${units} units` : ''}`, {
      advice: 'Indexes start at 0: --array=0-7 for 8 tasks.',
    });
  }
  return { start: Math.floor((index * units) / slices), end: Math.floor(((index + 1) * units) / slices) };
}

/** The slices, of `count`, that hold any of these units; ascending, each once. What a retry has to run. */
export function tasksHolding(held: readonly number[], units: number, count: TaskSlice['count']): number[] {
  const slices = count === 'units' ? units : count;
  return [...new Set(held.map((unit) => Math.floor(((unit + 1) * slices - 1) / units)))].sort((a, b) => a - b);
}

/** Numbers from 0 divided into ranges; range r begins at starts[r] and ends before starts[r + 1]. */
export interface Ranges {
  readonly starts: readonly number[];
  /** First number after the last range; null = no end. */
  readonly end: number | null;
  /** The range of a number, by a table for small ones. */
  indexOf(value: number): number;
}

/** Small numbers are looked up. */
const TABLE = 1 << 16;

export function rangesOf(starts: readonly number[], end: number | null): Ranges {
  const size = Math.min(TABLE, end ?? TABLE);
  const table = new Uint16Array(size);
  for (let value = 0, range = 0; value < size; value++) {
    while (starts[range + 1] !== undefined && starts[range + 1]! <= value) range++;
    table[value] = range;
  }
  return {
    starts,
    end,
    indexOf(value) {
      if (value < size) return table[value]!;
      let range = starts.length - 1;
      while (starts[range]! > value) range--;
      return range;
    },
  };
}

/** Up to and including this power of two, ranges of positions and lengths are told apart. */
const LARGEST = 1 << 20;

/** 0, 1, 2, 3, 4, 6, 8, 12, ...: two ranges an octave, up to `limit`. */
function halfOctaves(limit: number): number[] {
  const starts = [0, 1];
  for (let power = 2; power <= limit; power *= 2) starts.push(power, power * 1.5);
  return starts.filter((start) => start <= limit);
}

/** Tokens before a token in its window: at most contextLength - 1. The first tokens that later windows score begin a range of their own. */
export function contextRanges(contextLength: number, stride: number): Ranges {
  const starts = new Set([...halfOctaves(contextLength - 1), contextLength - stride]);
  return rangesOf([...starts].filter((start) => start < contextLength).sort((a, b) => a - b), contextLength);
}

export function positionRanges(): Ranges {
  return rangesOf(halfOctaves(LARGEST), null);
}

/** Tokens of a document: one range an octave. */
export function lengthRanges(): Ranges {
  const starts = [0, 1];
  for (let power = 2; power <= LARGEST; power *= 2) starts.push(power);
  return rangesOf(starts, null);
}

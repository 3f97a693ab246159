import { cellOf, lossStats, newCells, type LossCells, type LossSums } from './loss-cells.js';
import type { LossStats } from './report-data/distribution.js';

/** The losses of a row group, and what else was stored of its tokens. */
export interface TallyColumns {
  /** (tokens) Cell of each loss; -1 = not scored. */
  readonly cells: Int32Array;
  /** (tokens) Nats. */
  readonly losses: Float32Array;
  readonly entropies: Float32Array | undefined;
  readonly top1: Uint8Array | undefined;
  readonly bytes: Int32Array | undefined;
}

/** Which statistics beside the loss are stored. */
export interface StoredStats {
  readonly entropy: boolean;
  readonly top1: boolean;
  readonly bytes: boolean;
}

/** Losses by group, for one way of dividing tokens into groups numbered from 0. Memory: a megabyte of address space a group, used as far as losses reach. */
export class GroupTally {
  readonly cells: readonly LossCells[];
  readonly #stats: StoredStats;
  readonly #tokens: Float64Array;
  readonly #scored: Float64Array;
  readonly #sums: Float64Array;
  readonly #squares: Float64Array;
  readonly #min: Float64Array;
  readonly #max: Float64Array;
  readonly #entropy: Float64Array;
  readonly #top1: Float64Array;
  readonly #bytes: Float64Array;

  constructor(groups: number, stats: StoredStats) {
    const zeros = (): Float64Array => new Float64Array(groups);
    this.cells = Array.from({ length: groups }, newCells);
    this.#stats = stats;
    [this.#tokens, this.#scored, this.#sums, this.#squares, this.#entropy, this.#top1, this.#bytes] = [zeros(), zeros(), zeros(), zeros(), zeros(), zeros(), zeros()];
    [this.#min, this.#max] = [zeros().fill(Infinity), zeros().fill(-Infinity)];
  }

  /** Adds all tokens of a row group; groups[i] is the group of token i. */
  add({ cells, losses, entropies, top1, bytes }: TallyColumns, groups: Uint16Array): void {
    const allCells = this.cells;
    const [tokens, scoreds, sums, squareSums, mins, maxs] = [this.#tokens, this.#scored, this.#sums, this.#squares, this.#min, this.#max];
    // Neighbours mostly share a group (a source, a range of positions): their sums are kept in registers until it changes.
    for (let i = 0; i < cells.length; ) {
      const group = groups[i]!;
      const counts = allCells[group]!;
      const start = i;
      let scored = 0;
      let sum = sums[group]!;
      let squares = squareSums[group]!;
      let min = mins[group]!;
      let max = maxs[group]!;
      for (; i < cells.length && groups[i] === group; i++) {
        const cell = cells[i]!;
        if (cell < 0) continue;
        const loss = losses[i]!;
        counts[cell]!++;
        scored++;
        sum += loss;
        squares += loss * loss;
        if (loss < min) min = loss;
        if (loss > max) max = loss;
      }
      tokens[group]! += i - start;
      scoreds[group]! += scored;
      sums[group] = sum;
      squareSums[group] = squares;
      mins[group] = min;
      maxs[group] = max;
    }
    if (entropies !== undefined) addColumn(this.#entropy, cells, entropies, groups);
    if (top1 !== undefined) addColumn(this.#top1, cells, top1, groups);
    if (bytes !== undefined) addColumn(this.#bytes, cells, bytes, groups);
  }

  tokens(group: number): number {
    return this.#tokens[group]!;
  }

  sums(group: number, documents: number | null = null): LossSums {
    const { entropy, top1, bytes } = this.#stats;
    return {
      documents,
      tokens: this.#tokens[group]!,
      scored: this.#scored[group]!,
      sum: this.#sums[group]!,
      squares: this.#squares[group]!,
      min: this.#min[group]!,
      max: this.#max[group]!,
      entropy: entropy ? this.#entropy[group]! : null,
      top1: top1 ? this.#top1[group]! : null,
      bytes: bytes ? this.#bytes[group]! : null,
    };
  }

  stats(group: number, uniform: number, documents: number | null = null): LossStats {
    return lossStats(this.cells[group]!, this.sums(group, documents), uniform);
  }
}

/** All groups of a tally as one. */
export function totalOf(tally: GroupTally, groups: number, documents: number, uniform: number): { readonly cells: LossCells; readonly stats: LossStats } {
  const cells = newCells();
  const all = Array.from({ length: groups }, (_, group) => tally.sums(group));
  for (const [group, { scored, max }] of all.entries()) {
    const counted = tally.cells[group]!;
    for (let cell = scored === 0 ? -1 : cellOf(max); cell >= 0; cell--) cells[cell]! += counted[cell]!;
  }
  const sum = (value: (sums: LossSums) => number): number => all.reduce((total, sums) => total + value(sums), 0);
  const stored = (value: (sums: LossSums) => number | null): number | null => (all.some((sums) => value(sums) === null) ? null : sum((sums) => value(sums)!));
  const sums: LossSums = {
    documents,
    tokens: sum(({ tokens }) => tokens),
    scored: sum(({ scored }) => scored),
    sum: sum((one) => one.sum),
    squares: sum(({ squares }) => squares),
    min: Math.min(Infinity, ...all.map(({ min }) => min)),
    max: Math.max(-Infinity, ...all.map(({ max }) => max)),
    entropy: stored(({ entropy }) => entropy),
    top1: stored(({ top1 }) => top1),
    bytes: stored(({ bytes }) => bytes),
  };
  return { cells, stats: lossStats(cells, sums, uniform) };
}

function addColumn(sums: Float64Array, cells: Int32Array, values: Float32Array | Uint8Array | Int32Array, groups: Uint16Array): void {
  for (let i = 0; i < cells.length; i++) if (cells[i]! >= 0) sums[groups[i]!]! += values[i]!;
}

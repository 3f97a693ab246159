import { LOSS_EDGES, NEAR_ZERO, type LossStats, type Percentiles } from './report-data/distribution.js';

/**
 * Counts of losses in cells of 2^-11 nats: what bins, shares, percentiles and distances are read from. Cell c holds losses that round to c / 2048, halves up; the first
 * takes everything below as well and the last (64 nats) everything above.
 */
export type LossCells = Float64Array<ArrayBuffer>;

/** Cells of a nat. */
export const CELLS_PER_NAT = 2048;
/** 0 to 64 nats, both ends included. */
export const CELLS = 64 * CELLS_PER_NAT + 1;

/** Memory is taken page by page as counts arrive: a source of ordinary text touches about 200 KB of its megabyte. */
export function newCells(): LossCells {
  return new Float64Array(CELLS);
}

/** The cell of a finite loss. */
export function cellOf(loss: number): number {
  const scaled = loss * CELLS_PER_NAT + 0.5;
  return scaled >= CELLS - 1 ? CELLS - 1 : scaled > 0 ? Math.floor(scaled) : 0;
}

/** For each of ascending shares the cell of the value of rank ceil(share * count) in ascending order, of cells that sum up to `count`, which is not 0. */
export function quantiles(cells: Float64Array, count: number, shares: readonly number[]): number[] {
  const found: number[] = [];
  for (let cell = 0, below = 0; found.length < shares.length; cell++) {
    below += cells[cell]!;
    while (found.length < shares.length && below >= rankOf(shares[found.length]!, count)) found.push(cell);
  }
  return found;
}

/** ceil(share * count) with the share taken as a whole number of thousandths, so that the product is exact; at least 1. */
export function rankOf(share: number, count: number): number {
  const thousandths = Math.round(share * 1000);
  const whole = Math.floor(count / 1000);
  return Math.max(1, whole * thousandths + Math.ceil(((count - whole * 1000) * thousandths) / 1000));
}

const SHARES = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999];

export function percentilesOf(cells: LossCells, count: number): Percentiles {
  const [p1, p5, p10, p25, p50, p75, p90, p95, p99, p99_9] = quantiles(cells, count, SHARES).map((cell) => cell / CELLS_PER_NAT) as [number, number, number, number, number, number, number, number, number, number];
  return { p1, p5, p10, p25, p50, p75, p90, p95, p99, p99_9 };
}

const EDGE_CELLS = LOSS_EDGES.map((edge) => edge * CELLS_PER_NAT);

/** (LOSS_EDGES.length + 1); cells from `end` on are known to be empty. */
export function binsOf(cells: LossCells, end = CELLS): number[] {
  const starts = [0, ...EDGE_CELLS];
  return starts.map((start, bin) => sumCells(cells, start, Math.min(end, starts[bin + 1] ?? CELLS)));
}

/** Counts of the cells from `start` to below `end`. */
export function sumCells(cells: LossCells, start: number, end: number): number {
  let sum = 0;
  for (let cell = start; cell < end; cell++) sum += cells[cell]!;
  return sum;
}

/** Losses above a number of nats; cells from `end` on are known to be empty. */
export function countAbove(cells: LossCells, nats: number, end = CELLS): number {
  return sumCells(cells, Math.floor(nats * CELLS_PER_NAT) + 1, end);
}

/** Sums over the tokens of a group; what the cells cannot give. Statistics that were not stored are null. */
export interface LossSums {
  readonly documents: number | null;
  readonly tokens: number;
  readonly scored: number;
  readonly sum: number;
  readonly squares: number;
  readonly min: number;
  readonly max: number;
  readonly entropy: number | null;
  readonly top1: number | null;
  readonly bytes: number | null;
}

export function lossStats(cells: LossCells, sums: LossSums, uniform: number): LossStats {
  const { documents, tokens, scored } = sums;
  const some = scored > 0;
  // Empty cells are not even looked at: they would take memory.
  const end = some ? cellOf(sums.max) + 1 : 0;
  const share = (count: number): number | null => (some ? count / scored : null);
  const mean = share(sums.sum);
  return {
    documents,
    tokens,
    scored,
    mean,
    perplexity: mean === null ? null : finiteOrNull(Math.exp(mean)),
    sd: mean === null ? null : Math.sqrt(Math.max(0, sums.squares / scored - mean * mean)),
    min: some ? sums.min : null,
    max: some ? sums.max : null,
    percentiles: some ? percentilesOf(cells, scored) : null,
    nearZeroShare: share(sumCells(cells, 0, Math.min(end, NEAR_ZERO * CELLS_PER_NAT))),
    aboveUniformShare: share(countAbove(cells, uniform, end)),
    bins: binsOf(cells, end),
    meanEntropy: sums.entropy === null ? null : share(sums.entropy),
    top1Share: sums.top1 === null ? null : share(sums.top1),
    bitsPerByte: sums.bytes === null || sums.bytes === 0 ? null : sums.sum / Math.LN2 / sums.bytes,
  };
}

export function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

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

/** The cell of the value of rank ceil(share * count) in ascending order, of cells that sum up to `count`, which is not 0. */
export function quantile(cells: Float64Array, count: number, share: number): number {
  const rank = rankOf(share, count);
  let below = 0;
  for (let cell = 0; cell < cells.length; cell++) {
    below += cells[cell]!;
    if (below >= rank) return cell;
  }
  return cells.length - 1;
}

/** ceil(share * count) with the share taken as a whole number of thousandths, so that the product is exact; at least 1. */
export function rankOf(share: number, count: number): number {
  const thousandths = Math.round(share * 1000);
  const whole = Math.floor(count / 1000);
  return Math.max(1, whole * thousandths + Math.ceil(((count - whole * 1000) * thousandths) / 1000));
}

export function percentilesOf(cells: LossCells, count: number): Percentiles {
  const at = (share: number): number => quantile(cells, count, share) / CELLS_PER_NAT;
  return {
    p1: at(0.01), p5: at(0.05), p10: at(0.1), p25: at(0.25), p50: at(0.5), p75: at(0.75), p90: at(0.9), p95: at(0.95), p99: at(0.99), p99_9: at(0.999),
  };
}

const EDGE_CELLS = LOSS_EDGES.map((edge) => edge * CELLS_PER_NAT);

/** (LOSS_EDGES.length + 1) */
export function binsOf(cells: LossCells): number[] {
  const starts = [0, ...EDGE_CELLS];
  return starts.map((start, bin) => sumCells(cells, start, starts[bin + 1] ?? CELLS));
}

/** Counts of the cells from `start` to below `end`. */
export function sumCells(cells: LossCells, start: number, end: number): number {
  let sum = 0;
  for (let cell = start; cell < end; cell++) sum += cells[cell]!;
  return sum;
}

export function nearZeroCount(cells: LossCells): number {
  return sumCells(cells, 0, NEAR_ZERO * CELLS_PER_NAT);
}

/** Losses above a number of nats. */
export function countAbove(cells: LossCells, nats: number): number {
  return sumCells(cells, Math.min(CELLS, Math.floor(nats * CELLS_PER_NAT) + 1), CELLS);
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
    nearZeroShare: share(nearZeroCount(cells)),
    aboveUniformShare: share(countAbove(cells, uniform)),
    bins: binsOf(cells),
    meanEntropy: sums.entropy === null ? null : share(sums.entropy),
    top1Share: sums.top1 === null ? null : share(sums.top1),
    bitsPerByte: sums.bytes === null || sums.bytes === 0 ? null : sums.sum / Math.LN2 / sums.bytes,
  };
}

export function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

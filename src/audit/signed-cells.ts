import { CELLS_PER_NAT, quantiles } from './loss-cells.js';

/** Counts of differences of losses in cells of 2^-11 nats over [-32, 32]; what is beyond counts as the nearer end. */
const HALF = 32 * CELLS_PER_NAT;

export function newSignedCells(): Float64Array<ArrayBuffer> {
  return new Float64Array(2 * HALF + 1);
}

/** The cell of a finite difference: it rounds to (cell - HALF) / 2048 nats, halves up. */
export function signedCellOf(difference: number): number {
  const scaled = Math.floor(difference * CELLS_PER_NAT + 0.5);
  return (scaled > HALF ? HALF : scaled < -HALF ? -HALF : scaled) + HALF;
}

/** Nats at the ranks of ascending shares, as `quantiles`. */
export function signedQuantiles(cells: Float64Array, count: number, shares: readonly number[]): number[] {
  return quantiles(cells, count, shares).map((cell) => (cell - HALF) / CELLS_PER_NAT);
}

/** (edges.length + 1) Counts between edges that are multiples of 2^-11 nats. */
export function signedBins(cells: Float64Array, edges: readonly number[]): number[] {
  const starts = [0, ...edges.map((edge) => edge * CELLS_PER_NAT + HALF)];
  return starts.map((start, bin) => {
    let sum = 0;
    for (let cell = start; cell < (starts[bin + 1] ?? cells.length); cell++) sum += cells[cell]!;
    return sum;
  });
}

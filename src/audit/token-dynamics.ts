import type { DynamicsCategory } from './report-data/dynamics.js';

/** In the order of reports. */
export const CATEGORIES: readonly DynamicsCategory[] = ['H->H', 'L->H', 'H->L', 'L->L'];

/** Nats by which the line through a token's losses must fall or rise over training to count as a change (Rho-1, arXiv 2404.07965, appendix on token dynamics). */
export const CHANGE = 0.2;

/** (checkpoints) What each loss is multiplied by so that the sum is the change of the least-squares line from the first to the last checkpoint, evenly spaced. */
export function changeWeights(checkpoints: number): Float64Array {
  const middle = (checkpoints - 1) / 2;
  const squares = Array.from({ length: checkpoints }, (_, x) => (x - middle) ** 2).reduce((sum, square) => sum + square, 0);
  return Float64Array.from({ length: checkpoints }, (_, x) => ((checkpoints - 1) * (x - middle)) / squares);
}

/** Index in CATEGORIES: by the change, and where that is small by the last loss against the mean of all last losses. */
export function categoryOf(change: number, last: number, mean: number): number {
  if (change < -CHANGE) return 2;
  if (change > CHANGE) return 1;
  return last <= mean ? 3 : 0;
}

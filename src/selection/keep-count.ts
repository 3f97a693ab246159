const MILLION = 1_000_000;

/**
 * How many of `candidates` tokens a keepFraction keeps: the product rounded to the nearest whole number, halves up, and at least 1 if
 * there is a candidate. The fraction counts as a whole number m of millionths, so that integer arithmetic gives the same number
 * everywhere: max(min(candidates, 1), (candidates * m + 500000) div 1000000), in int64. Exact for up to 2^31 candidates.
 */
export function keepCount(candidates: number, keepFraction: number): number {
  const rounded = Math.floor((candidates * Math.round(keepFraction * MILLION) + MILLION / 2) / MILLION);
  return Math.max(Math.min(candidates, 1), rounded);
}

import { LOSS_EDGES, NEAR_ZERO, type LossStats, type Percentiles } from '../../../src/audit/report-data/distribution.js';

/** Statistics of a list of losses by the plain definitions, for reports made by hand. */
export function statsOf(losses: readonly number[], uniform: number, documents: number | null = null): LossStats {
  const sorted = losses.toSorted((a, b) => a - b);
  const scored = losses.length;
  const bins = new Array<number>(LOSS_EDGES.length + 1).fill(0);
  for (const loss of losses) bins[LOSS_EDGES.filter((edge) => edge <= loss).length]!++;
  const sum = losses.reduce((total, loss) => total + loss, 0);
  const mean = scored === 0 ? null : sum / scored;
  const rank = (p: number): number => sorted[Math.max(0, Math.ceil((p / 100) * scored) - 1)]!;
  const percentiles: Percentiles = { p1: rank(1), p5: rank(5), p10: rank(10), p25: rank(25), p50: rank(50), p75: rank(75), p90: rank(90), p95: rank(95), p99: rank(99), p99_9: rank(99.9) };
  return {
    documents,
    tokens: scored,
    scored,
    mean,
    perplexity: mean === null ? null : Math.exp(mean),
    sd: mean === null ? null : Math.sqrt(losses.reduce((total, loss) => total + (loss - mean) ** 2, 0) / scored),
    min: sorted[0] ?? null,
    max: sorted.at(-1) ?? null,
    percentiles: scored === 0 ? null : percentiles,
    nearZeroShare: scored === 0 ? null : losses.filter((loss) => loss < NEAR_ZERO).length / scored,
    aboveUniformShare: scored === 0 ? null : losses.filter((loss) => loss > uniform).length / scored,
    bins,
    meanEntropy: mean === null ? null : 0.8 * mean,
    top1Share: scored === 0 ? null : losses.filter((loss) => loss < Math.LN2).length / scored,
    bitsPerByte: mean === null ? null : mean / Math.LN2 / 3.7,
  };
}

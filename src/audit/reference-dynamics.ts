import { countAbove, type LossCells } from './loss-cells.js';
import type { LossStats } from './report-data/distribution.js';
import type { ReferenceDynamics } from './report-data/dynamics.js';

/** Tokens above and below the mean of one run: all that a single run can say. Counts follow the cells, so a loss within 2^-12 nats of the mean may fall on either side. */
export function referenceDynamics(cells: LossCells, { scored, mean }: LossStats): ReferenceDynamics {
  const high = mean === null ? 0 : countAbove(cells, mean);
  const part = (tokens: number): ReferenceDynamics['low'] => ({ tokens, share: scored === 0 ? null : tokens / scored });
  return { kind: 'reference', mean, low: part(scored - high), high: part(high) };
}

import type { EvaluatedPoint } from './comparison.js';
import { readMetrics } from './metrics/metrics-log.js';

/** The evaluations of a training run, from its metrics.jsonl, in the order of steps. Throws what readMetrics throws. */
export async function evaluatedPoints(path: string): Promise<EvaluatedPoint[]> {
  return (await readMetrics(path)).flatMap(({ step, consumedTokens, trainedTokens, evaluations }) => (evaluations === undefined ? [] : [{ step, consumedTokens, trainedTokens, evaluations }]));
}

import type { StepMetrics } from '../../../src/training/metrics/step-metrics.js';

/** A record of a selective step; what a test is about is given. */
export function stepRecord(step: number, given: Partial<StepMetrics> = {}): StepMetrics {
  return {
    step, consumedTokens: 512 * step, trainedTokens: 256 * step, loss: 2 + 4 / (step + 1), lossAll: 2.5 + 4 / (step + 1), gradientNorm: 0.75, learningRate: 3e-4,
    keptShare: 0.5, meanExcessKept: 0.4, meanExcessDropped: -0.2, tokensPerSecond: 9000, stepSeconds: 0.5, ...given,
  };
}

export function stepRecords(first: number, last: number): StepMetrics[] {
  return Array.from({ length: last - first + 1 }, (_, at) => stepRecord(first + at));
}

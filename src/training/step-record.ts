import type { TrainingPosition } from './checkpoints.js';
import type { Evaluation, StepMetrics } from './metrics/step-metrics.js';
import type { StepOutcome } from './step-tally.js';

/** What is recorded of a step. `weighted`: tokens have weights instead of a mask. `seconds` that it took; `evaluations` made after it, where there are any. */
export function metricsOf({ step, consumedTokens, trainedTokens }: TrainingPosition, outcome: StepOutcome, weighted: boolean, seconds: number, evaluations: readonly Evaluation[] | undefined): StepMetrics {
  const { loss, lossAll, gradientNorm, learningRate, meanExcessKept, meanExcessDropped } = outcome;
  return {
    step, consumedTokens, trainedTokens, loss, lossAll, gradientNorm, learningRate, meanExcessKept, meanExcessDropped,
    keptShare: outcome.trainedTokens / outcome.consumedTokens,
    tokensPerSecond: outcome.consumedTokens / seconds,
    stepSeconds: seconds,
    ...(weighted ? { weightShare: outcome.weight / outcome.consumedTokens } : {}),
    ...(evaluations === undefined ? {} : { evaluations }),
  };
}

export interface LearningRateSchedule {
  /** Highest learning rate, reached at the end of the warm-up. */
  readonly peak: number;
  /** Learning rate that the schedule falls to; 'constant' ignores it. */
  readonly floor: number;
  readonly kind: 'cosine' | 'linear' | 'constant';
  /** Steps over which the rate rises linearly from 0. */
  readonly warmupSteps: number;
  /** Steps in all, warm-up included. */
  readonly steps: number;
}

/**
 * The learning rate of step `step`, the first being 0. The warm-up ends with the peak at step warmupSteps - 1; the step after it has the peak, and the floor would be
 * reached one step after the last, so that no step is without effect where the floor is 0. The schedule of transformers (get_cosine_schedule_with_warmup), but for the warm-up.
 */
export function learningRate(step: number, { peak, floor, kind, warmupSteps, steps }: LearningRateSchedule): number {
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  if (kind === 'constant') return peak;
  const done = Math.min(1, (step - warmupSteps) / Math.max(1, steps - warmupSteps));
  const share = kind === 'linear' ? 1 - done : (1 + Math.cos(Math.PI * done)) / 2;
  return floor + (peak - floor) * share;
}

export interface LearningRateSchedule {
  /** Highest learning rate, reached at the end of the warm-up. */
  readonly peak: number;
  /** Learning rate at the last step; 'constant' ignores it. */
  readonly floor: number;
  readonly kind: 'cosine' | 'linear' | 'constant';
  /** Steps over which the rate rises linearly from 0. */
  readonly warmupSteps: number;
  /** Steps in all, warm-up included. */
  readonly steps: number;
}

/** The learning rate of step `step`, the first being 0: the warm-up ends with the peak at step warmupSteps - 1, the last step has the floor. */
export function learningRate(step: number, { peak, floor, kind, warmupSteps, steps }: LearningRateSchedule): number {
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  if (kind === 'constant') return peak;
  const done = Math.min(1, (step - warmupSteps + 1) / Math.max(1, steps - warmupSteps));
  const share = kind === 'linear' ? 1 - done : (1 + Math.cos(Math.PI * done)) / 2;
  return floor + (peak - floor) * share;
}

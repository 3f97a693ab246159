import type { ComputeDevice, Precision } from '../records.js';
import type { Calibration } from '../run/calibration-record.js';
import type { Commit } from '../run/commits.js';
import type { Plan } from '../run/plan.js';
import type { UnitRange } from '../run/task-slice.js';
import type { Progress } from './progress.js';

/** What happens during a run, for whoever shows it. */
export type ScoreEvent =
  | { readonly kind: 'hashing'; readonly done: number; readonly total: number }
  | { readonly kind: 'note'; readonly text: string }
  /** Something is suspicious, and the command goes on: not to be held back. */
  | { readonly kind: 'warning'; readonly text: string }
  /** How far the run's precision is from float32; not for runs in float32. */
  | { readonly kind: 'calibrated'; readonly precision: Precision; readonly calibration: Calibration }
  | {
      readonly kind: 'planned';
      readonly plan: Plan;
      readonly resumed: boolean;
      /** Of the slice; the slice is the whole run where the command has no task. */
      readonly committedUnits: number;
      readonly slice: UnitRange;
      readonly devices: readonly ComputeDevice[];
      readonly threads: number;
      /** Sessions on each device. */
      readonly workers: number;
    }
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'unit'; readonly commit: Commit }
  /** An attempt at a unit failed. `attempt` counts from 1; after the last of `attempts` the unit is given up. */
  | { readonly kind: 'failed'; readonly unit: number; readonly attempt: number; readonly attempts: number; readonly message: string };

export interface ScoreHooks {
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: ScoreEvent) => void;
}

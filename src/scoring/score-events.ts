import type { ComputeDevice } from '../records.js';
import type { Commit } from '../run/commits.js';
import type { Plan } from '../run/plan.js';
import type { UnitRange } from '../run/task-slice.js';
import type { Progress } from './progress.js';

/** What happens during a run, for whoever shows it. */
export type ScoreEvent =
  | { readonly kind: 'hashing'; readonly done: number; readonly total: number }
  | { readonly kind: 'note'; readonly text: string }
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

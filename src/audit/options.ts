import type { DriftLimits } from './report-data/drift.js';

/** Everything `touchstone audit` can be told. */
export interface AuditOptions {
  /** Run folder, as the report will name it. */
  readonly run: string;
  /** Run folder of an earlier night, for drift. */
  readonly compare: string | null;
  /** Run folders of checkpoints in the order of training; the audited run is the last one unless it is among them. Empty: no dynamics. */
  readonly dynamics: readonly string[];
  /** Run folder of a live model over the same documents, for excess losses. */
  readonly live: string | null;
  /** Shares kept that are reported with `live`, ascending. */
  readonly keepFractions: readonly number[];
  /** Folder of the run's tokenizer, or its tokenizer.json; null = where the run found it. */
  readonly tokenizer: string | null;
  /** Decides which documents and tokens are shown. */
  readonly seed: string;
  /** Hash every file of the run. */
  readonly verify: boolean;
  readonly limits: DriftLimits;
  /** Conditions as written, besides which the run must be whole (see withWholeness); null = none at all. */
  readonly failOn: string | null;
}

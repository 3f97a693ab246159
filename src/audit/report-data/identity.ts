import type { Calibration } from '../../run/calibration-record.js';
import type { UsedDevice } from '../../run/device-record.js';
import type { Plan } from '../../run/plan.js';

/** What a run is, out of its plan: everything that decides what its losses are. */
export interface RunIdentity {
  /** The run folder as it was named on the command line. */
  readonly run: string;
  /** sha256 of the plan, lower-case hex; so are all hashes. */
  readonly planHash: string;
  /** The program that scored, and its runtime. */
  readonly tool: Plan['tool'];
  readonly model: Omit<Plan['model'], 'files'>;
  /** What computed its losses; of a run that is not finished, those of the units that are done. */
  readonly devices: readonly UsedDevice[];
  /** How far its losses are from those of float32, which has none. */
  readonly calibration: Calibration | null;
  readonly tokenizer: Plan['tokenizer'];
  readonly windows: Plan['windows'];
  readonly output: Plan['output'];
  readonly corpus: {
    readonly textField: readonly string[];
    readonly idField: string;
    readonly sourceField: string;
    /** null = all documents. */
    readonly limitDocs: number | null;
    readonly units: number;
    /** Input files in all. */
    readonly files: number;
    /** Bytes of them in all. */
    readonly bytes: number;
    /** The first of them by the order of the plan, LISTED_FILES at most. */
    readonly listed: readonly { readonly path: string; readonly bytes: number; readonly sha256: string; readonly format: string }[];
  };
}

/** A fact about two runs that makes their losses another measurement. */
export interface IdentityChange {
  /** Key in the plan, as "model.hash" or "windows.stride". */
  readonly key: string;
  /** 'alarm': the losses cannot be compared at face value (model, tokenizer). 'watch': they may differ for this reason. */
  readonly level: 'watch' | 'alarm';
  /** In words, "the model": for a heading. */
  readonly what: string;
  readonly earlier: string;
  readonly now: string;
}

/** Input files a report names. */
export const LISTED_FILES = 100;

import type { Completeness } from './completeness.js';
import type { LossStats } from './distribution.js';
import type { IdentityChange, RunIdentity } from './identity.js';

/** 'too-few': one side has fewer than LEAST_DRIFT_TOKENS scored tokens, and a distance would be chance. */
export type DriftLevel = 'ok' | 'watch' | 'alarm' | 'too-few';

/** How the losses of a run differ from those of an earlier one. */
export interface Drift {
  readonly earlier: RunIdentity;
  readonly earlierState: Pick<Completeness, 'state' | 'documents' | 'tokens' | 'scored'>;
  /** What is another measurement, the gravest first: model, tokenizer, windows, precision, reading. Empty where the runs measure the same way. */
  readonly changes: readonly IdentityChange[];
  /** The worst of overall and all sources that have enough tokens. */
  readonly level: DriftLevel;
  readonly limits: DriftLimits;
  readonly overall: Distance;
  /** The sources listed in Distribution.bySource, in that order, and then those only the earlier run has, by tokens; LISTED_SOURCES more at most. */
  readonly bySource: readonly (Distance & { readonly source: string; readonly others: boolean })[];
  /** Sources that only one of the runs has, by tokens, the most first: names, cut to LISTED_SOURCES, and counts. */
  readonly newSources: { readonly count: number; readonly names: readonly string[] };
  readonly removedSources: { readonly count: number; readonly names: readonly string[] };
  readonly documents: DocumentChanges;
  /** null where the tokenizer is another one: losses of different tokens do not pair. */
  readonly paired: PairedDeltas | null;
}

export interface DriftLimits {
  readonly psi: { readonly watch: number; readonly alarm: number };
  /** Nats. */
  readonly wasserstein: { readonly watch: number; readonly alarm: number };
}

export interface Distance {
  readonly level: DriftLevel;
  /**
   * Population stability index over the bins of LOSS_EDGES: sum of (p - q) ln(p / q), with p and q = (count + 1/2) / (scored + bins / 2). null where a side has no
   * scored token.
   */
  readonly psi: number | null;
  /** Nats by which losses would have to move on average to turn one distribution into the other; over the counts of LossStats, exact to 2^-11. */
  readonly wasserstein: number | null;
  readonly earlier: DistanceSide;
  readonly now: DistanceSide;
}

export type DistanceSide = Pick<LossStats, 'tokens' | 'scored' | 'mean' | 'percentiles' | 'bins'>;

/** Documents of both runs, matched by the hash of their text and then by their id. */
export interface DocumentChanges {
  /** Rows of the earlier run and of this one; those of a text that occurs n times match n times. */
  readonly earlier: number;
  readonly now: number;
  /** Text in both runs; changed: id in both with another text; new: in this run alone; removed: in the earlier alone. */
  readonly unchanged: number;
  readonly changed: number;
  readonly new: number;
  readonly removed: number;
}

/** Mean loss of each unchanged document, now less earlier, in nats, over documents with a loss in both. */
export interface PairedDeltas {
  readonly documents: number;
  /** Documents whose mean loss is the same to the bit. */
  readonly identical: number;
  readonly mean: number | null;
  readonly sd: number | null;
  /** Mean of the absolute deltas. */
  readonly meanAbsolute: number | null;
  /** Rounded to 2^-11; ranks as in LossStats. */
  readonly percentiles: { readonly p1: number; readonly p5: number; readonly p50: number; readonly p95: number; readonly p99: number } | null;
  /** The documents that moved most, by absolute delta. */
  readonly largest: readonly { readonly id: string; readonly source: string; readonly tokens: number; readonly earlier: number; readonly now: number }[];
}

export const LEAST_DRIFT_TOKENS = 10_000;
export const DRIFT_LIMITS: DriftLimits = { psi: { watch: 0.1, alarm: 0.25 }, wasserstein: { watch: 0.1, alarm: 0.25 } };
export const LARGEST_DELTAS = 10;

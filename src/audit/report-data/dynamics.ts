import type { RunIdentity } from './identity.js';
import type { TokenClass } from './distribution.js';

/**
 * Token dynamics (Rho-1, arXiv 2404.07965, section 2.1). 'checkpoints': the losses of every token at several checkpoints of one model. 'reference': one run
 * cannot tell how losses move; tokens are sorted by its losses alone.
 */
export type Dynamics = CheckpointDynamics | ReferenceDynamics;

export interface ReferenceDynamics {
  readonly kind: 'reference';
  /** Mean loss of the run, nats: what is above it counts as high. null where nothing was scored. */
  readonly mean: number | null;
  readonly low: { readonly tokens: number; readonly share: number | null };
  readonly high: { readonly tokens: number; readonly share: number | null };
}

/** H = high, L = low; the first letter is the first checkpoint. */
export type DynamicsCategory = 'H->H' | 'L->H' | 'H->L' | 'L->L';

export interface CheckpointDynamics {
  readonly kind: 'checkpoints';
  /** In the order of training. */
  readonly checkpoints: readonly { readonly run: string; readonly modelHash: string; /** Mean loss of the joined tokens, nats. */ readonly mean: number }[];
  readonly joined: JoinCounts;
  /** Joined tokens that are scored at every checkpoint: what shares are of. */
  readonly tokens: number;
  /** Change of the linear fit from the first to the last checkpoint, in nats, below which a token is H->L, and above whose negative it is L->H: -0.2. */
  readonly change: number;
  /** What the last loss is compared with where the change is in between: the mean at the last checkpoint, nats. */
  readonly mean: number;
  /** H->H, L->H, H->L, L->L. */
  readonly categories: readonly {
    readonly category: DynamicsCategory;
    readonly tokens: number;
    /** Of the joined tokens that are scored at every checkpoint, 0 to 1. */
    readonly share: number;
    /** Mean loss at each checkpoint, nats; null where the category has no token. */
    readonly means: readonly number[] | null;
    /** Tokens by class, classes without tokens left out; null where the tokenizer was not found. */
    readonly byClass: readonly { readonly class: TokenClass; readonly tokens: number }[] | null;
    /** A seeded sample, EXAMPLES at most. */
    readonly examples: readonly DynamicsExample[];
  }[];
}

export interface DynamicsExample {
  readonly id: string;
  readonly source: string;
  /** Index of the token in its document. */
  readonly position: number;
  /** Texts before the token, of it, and after it. */
  readonly before: string;
  readonly token: string;
  readonly after: string;
  /** Nats at each checkpoint, rounded to 1e-4. */
  readonly losses: readonly number[];
}

/** How documents of two or more runs were brought together: by doc_hash, in the order of the audited run. */
export interface JoinCounts {
  readonly documents: number;
  readonly tokens: number;
  /** Documents of the audited run that another run does not have, or has with other tokens. */
  readonly unmatched: number;
}

/** The losses of a live model beside those of the audited run, over the same documents. */
export interface ExcessReport {
  readonly live: RunIdentity;
  readonly joined: JoinCounts;
  /** Joined tokens with both losses. */
  readonly tokens: number;
  /** Live minus reference loss in nats, mean, and percentiles by the rule of LossStats over [-32, 32). */
  readonly mean: number | null;
  readonly percentiles: { readonly p1: number; readonly p5: number; readonly p25: number; readonly p50: number; readonly p75: number; readonly p95: number; readonly p99: number } | null;
  /** Share of tokens whose excess is above 0. */
  readonly positiveShare: number | null;
  /** EXCESS_EDGES. */
  readonly edges: readonly number[];
  /** (edges.length + 1) tokens by bin, as in LossStats. */
  readonly bins: readonly number[];
  /** One for each keepFraction asked for, ascending. Tokens compete within a row group (about a million tokens), as a large batch would. */
  readonly selections: readonly ExcessSelection[];
}

export interface ExcessSelection {
  readonly keepFraction: number;
  readonly candidates: number;
  readonly kept: number;
  /** Mean excess and mean reference loss in nats of the kept and the dropped tokens; null where there is none. */
  readonly meanExcess: { readonly kept: number | null; readonly dropped: number | null };
  readonly meanReference: { readonly kept: number | null; readonly dropped: number | null };
  /** Sources as in Distribution.bySource, with joined candidates. */
  readonly bySource: readonly { readonly source: string; readonly candidates: number; readonly kept: number }[];
  /** null where the tokenizer was not found. */
  readonly byClass: readonly { readonly class: TokenClass; readonly candidates: number; readonly kept: number }[] | null;
}

/** Nats: -8 to 8 in steps of a quarter. */
export const EXCESS_EDGES: readonly number[] = Array.from({ length: 65 }, (_, i) => (i - 32) / 4);
export const EXAMPLES = 8;

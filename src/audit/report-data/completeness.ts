import type { DocumentCounts } from '../../run/commits.js';

/**
 * Whether all that was planned is there, and is what the records say.
 * - `complete`: the manifest is sealed, every unit is committed and was read whole.
 * - `unfinished`: units are missing or the manifest was never written; numbers are of what is committed.
 * - `damaged`: a record, a shard or a hash is not what it must be; numbers are of what could be read.
 */
export type RunState = 'complete' | 'unfinished' | 'damaged';

export interface Completeness {
  readonly state: RunState;
  /** Faults, alarms first, LISTED_PROBLEMS at most. A complete run may have some of level 'watch'. */
  readonly problems: readonly Problem[];
  /** Faults in all. */
  readonly problemCount: number;
  readonly units: {
    readonly planned: number;
    readonly committed: number;
    /** Units whose shards were read to their end. */
    readonly audited: number;
    /** The first units without a commit, MISSING_UNITS at most. */
    readonly missing: readonly number[];
  };
  /** By the commit records: what became of the documents that were read. */
  readonly documents: DocumentCounts;
  /** Whether documents.read = scored + quarantined + skipped, in every unit and in all. */
  readonly balanced: boolean;
  /** Rows counted in the shards: documents, or packed rows. */
  readonly rows: number;
  /** Tokens counted in the shards. */
  readonly tokens: number;
  /** Tokens with a loss that is not NaN, counted in the shards. */
  readonly scored: number;
  /** The same three by the records: what the shards must have. Differs where a run is damaged. */
  readonly recorded: { readonly rows: number; readonly tokens: number; readonly scored: number };
  /** Tokens the model gave no finite loss for, by the commit records; stored as NaN. */
  readonly nonfinite: number;
  /** Bytes of the shards by the commit records. */
  readonly bytes: number;
  /** Rows that repeat the id of an earlier row, by the manifest; null without one. Examples: DUPLICATE_EXAMPLES at most. */
  readonly duplicateIds: { readonly count: number; readonly examples: readonly string[] } | null;
  /**
   * 'hashed': the sha256 of every shard and quarantine file was compared (--verify). 'checksums': sizes, counts and the checksums of the pages that
   * were read, which find damage and no deliberate change.
   */
  readonly verification: 'hashed' | 'checksums';
  readonly work: Work;
}

export interface Problem {
  readonly level: 'watch' | 'alarm';
  /** One sentence for a human. */
  readonly message: string;
}

/** What scoring took, by the commit records of all units, whoever computed them and when. */
export interface Work {
  /** Sum over units of the seconds each took; units side by side both count. */
  readonly unitSeconds: number;
  /** Seconds in which at least one unit was under way, on whatever host; pauses do not count. */
  readonly seconds: number;
  /** Tokens whose rows were copied from earlier runs instead of being computed. */
  readonly reusedTokens: number;
  /** Scored tokens that were computed, per such second; null where there are none. */
  readonly tokensPerSecond: number | null;
  /** ISO 8601, UTC; null without a commit. */
  readonly firstUnitFinishedAt: string | null;
  readonly lastUnitFinishedAt: string | null;
  /** Names of the machines, sorted. */
  readonly hosts: readonly string[];
  /** Token positions the model computed, padding included, and of these the padding. */
  readonly computedTokens: number;
  readonly paddedTokens: number;
}

/** Missing units a report names. */
export const MISSING_UNITS = 20;
export const LISTED_PROBLEMS = 50;
export const DUPLICATE_EXAMPLES = 10;

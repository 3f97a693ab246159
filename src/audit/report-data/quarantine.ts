import type { LeftOut } from '../../records.js';

/** Documents that were read and have no row, by what was wrong with them. */
export interface QuarantineReport {
  readonly quarantined: number;
  readonly skipped: number;
  /** Most first. */
  readonly reasons: readonly QuarantineReason[];
  /** Input files with the most documents left out, QUARANTINE_FILES at most, and how many files there are in all. */
  readonly files: readonly { readonly file: string; readonly count: number }[];
  readonly filesInAll: number;
}

export interface QuarantineReason {
  readonly kind: LeftOut['kind'];
  readonly reason: LeftOut['reason'];
  readonly count: number;
  /** The first of the run, QUARANTINE_EXAMPLES at most; texts cut to 300 characters. */
  readonly examples: readonly {
    readonly file: string;
    readonly position: number;
    /** Byte offset or row number. */
    readonly positionKind: 'byte' | 'row';
    readonly id: string | null;
    readonly detail: string;
  }[];
}

export const QUARANTINE_EXAMPLES = 10;
export const QUARANTINE_FILES = 20;

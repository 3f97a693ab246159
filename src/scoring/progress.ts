import type { CorpusUnit } from '../corpus/units.js';
import type { Commit } from '../run/commits.js';

/** Work on the units that were missing when the command began. */
export interface Progress {
  /** Tokens that have their loss. */
  readonly scoredTokens: number;
  /** Bytes of input whose tokens have their losses, and all; an estimate within a unit. */
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly unitsDone: number;
  readonly unitsTotal: number;
}

export interface ProgressTracker {
  /** An attempt at a unit begins; what an earlier one did no longer counts. */
  begin(unit: number): void;
  /** The unit has been given up. */
  passedOver(unit: number): void;
  /** Bytes of a unit's input that were read. */
  read(unit: number, bytes: number): void;
  /** Tokens of a unit that were tokenized and will be scored. */
  tokenized(unit: number, tokens: number): void;
  /** Tokens of a unit that got their losses. */
  scored(unit: number, tokens: number): void;
  committed(commit: Commit): void;
}

interface UnitState {
  readonly bytes: number;
  read: number;
  tokenized: number;
  scored: number;
}

/**
 * Follows the units of a run. Reading and tokenizing run ahead of the model by many batches, so bytes read say too much: of the bytes
 * read of a unit, the share counts whose tokens have been scored.
 */
export function trackProgress(units: readonly CorpusUnit[], pending: readonly number[], report: (progress: Progress) => void): ProgressTracker {
  const running = new Map<number, UnitState>();
  const bytesTotal = pending.reduce((sum, unit) => sum + units[unit]!.bytes, 0);
  let committedBytes = 0;
  let scoredTokens = 0;
  let unitsDone = 0;

  const state = (unit: number): UnitState => {
    let known = running.get(unit);
    if (known === undefined) running.set(unit, (known = { bytes: units[unit]!.bytes, read: 0, tokenized: 0, scored: 0 }));
    return known;
  };
  const send = (): void => {
    let bytesDone = committedBytes;
    for (const { bytes, read, tokenized, scored } of running.values()) {
      if (tokenized > 0) bytesDone += Math.min(bytes, read) * Math.min(1, scored / tokenized);
    }
    report({ scoredTokens, bytesDone, bytesTotal, unitsDone, unitsTotal: pending.length });
  };

  return {
    begin(unit) {
      scoredTokens -= running.get(unit)?.scored ?? 0;
      running.delete(unit);
    },
    passedOver(unit) {
      running.delete(unit);
      committedBytes += units[unit]!.bytes;
      send();
    },
    read(unit, bytes) {
      state(unit).read += bytes;
    },
    tokenized(unit, tokens) {
      state(unit).tokenized += tokens;
    },
    scored(unit, tokens) {
      state(unit).scored += tokens;
      scoredTokens += tokens;
      send();
    },
    committed({ unit }) {
      running.delete(unit);
      committedBytes += units[unit]!.bytes;
      unitsDone++;
      send();
    },
  };
}

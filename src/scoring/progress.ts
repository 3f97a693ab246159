import type { CorpusUnit } from '../corpus/units.js';
import type { Commit } from '../run/commits.js';
import { UnitProgress } from './unit-progress.js';

/** Work on the units that were missing when the command began. */
export interface Progress {
  /** Tokens that have their loss. */
  readonly scoredTokens: number;
  /** Of these, tokens of units that are not committed: if the command ended now, they would be scored again. */
  readonly openTokens: number;
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
  /** Where the records, documents and tokens of a unit are counted. */
  unit(unit: number): UnitProgress;
  /** Tokens of a unit that got their losses. */
  scored(unit: number, tokens: number): void;
  committed(commit: Commit): void;
}

/** Follows the units of a run. */
export function trackProgress(units: readonly CorpusUnit[], pending: readonly number[], report: (progress: Progress) => void): ProgressTracker {
  const running = new Map<number, UnitProgress>();
  const bytesTotal = pending.reduce((sum, unit) => sum + units[unit]!.bytes, 0);
  let committedBytes = 0;
  let scoredTokens = 0;
  let unitsDone = 0;

  const progressOf = (unit: number): UnitProgress => {
    let known = running.get(unit);
    if (known === undefined) running.set(unit, (known = new UnitProgress(units[unit]!.bytes)));
    return known;
  };
  const send = (): void => {
    let bytesDone = committedBytes;
    let openTokens = 0;
    for (const [unit, { share, scored }] of running) {
      bytesDone += units[unit]!.bytes * share;
      openTokens += scored;
    }
    report({ scoredTokens, openTokens, bytesDone, bytesTotal, unitsDone, unitsTotal: pending.length });
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
      progressOf(unit).read(bytes);
    },
    unit: progressOf,
    scored(unit, tokens) {
      progressOf(unit).scored += tokens;
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

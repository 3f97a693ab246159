import { TouchstoneError } from '../errors.js';
import type { SettingDifference } from './comparison.js';
import { setText } from './evaluation-identity.js';
import type { RunRecord } from './run-record.js';

/** A run of a comparison and its record; undefined for a run from before there were records. */
export interface RecordedRun {
  readonly name: string;
  readonly record: RunRecord | undefined;
}

/** Throws a mismatch where a held-out set of one name is not the same text in all runs: their losses say nothing about each other. */
export function refuseOtherSets(runs: readonly RecordedRun[]): void {
  for (const { name, record } of runs) {
    for (const [set, mine] of Object.entries(record?.evaluation ?? {})) {
      const first = runs.find((run) => run.record?.evaluation[set] !== undefined)!;
      const theirs = first.record!.evaluation[set]!;
      if (theirs.sha256 === mine.sha256) continue;
      throw new TouchstoneError('mismatch', `run.evaluateOn.${set} of ${name} must be that of ${first.name}, ${setText(theirs)}, it is ${setText(mine)}`, {
        advice: 'Train one of them again with the held-out set of the other; losses on different texts cannot be compared.',
      });
    }
  }
}

/** Every recorded setting in which runs differ, by name; null stands where a run has no such setting or no record. */
export function settingDifferences(runs: readonly RecordedRun[]): SettingDifference[] {
  const names = [...new Set(runs.flatMap(({ record }) => Object.keys(record?.settings ?? {})))].sort();
  const recorded = runs.flatMap(({ record }) => record ?? []);
  return names.flatMap((setting) => {
    const differs = new Set(recorded.map(({ settings }) => settings[setting] ?? null)).size > 1;
    return differs ? [{ setting, values: runs.map(({ record }) => record?.settings[setting] ?? null) }] : [];
  });
}

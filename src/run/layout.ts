import { join } from 'node:path';

import { createFolder } from './folder.js';

/**
 * The names in a run folder. The functions ending in Name give paths relative to the run folder, with forward slashes, as records write them;
 * those ending in Path take the run folder and give a path to open.
 */
const FOLDERS = ['shards', 'commits', 'quarantine'] as const;

/** Damaged files of a run are moved here, never deleted. */
export const STALE_FOLDER = 'stale';

export const PLAN_NAME = 'plan.json';
export const CALIBRATION_NAME = 'calibration.json';
export const MANIFEST_NAME = 'manifest.json';
export const SUCCESS_NAME = '_SUCCESS';

/** Five digits, so that names sort by unit; more where a run has more than 100,000 units. */
function unitDigits(unit: number): string {
  return String(unit).padStart(5, '0');
}

export function shardName(unit: number): string {
  return `shards/part-${unitDigits(unit)}.parquet`;
}

export function commitName(unit: number): string {
  return `commits/${unitDigits(unit)}.json`;
}

export function quarantineName(unit: number): string {
  return `quarantine/${unitDigits(unit)}.jsonl`;
}

export function failureName(unit: number): string {
  return `failures/${unitDigits(unit)}.json`;
}

/** The unit a file name of failures/ speaks of; undefined for a name this room does not write. */
export function unitOfFailureName(fileName: string): number | undefined {
  return unitOfCommitName(fileName);
}

/** The unit a file name of commits/ speaks of; undefined for a name this room does not write. */
export function unitOfCommitName(fileName: string): number | undefined {
  const digits = /^(\d{5,})\.json$/.exec(fileName)?.[1];
  if (digits === undefined) return undefined;
  const unit = Number(digits);
  return Number.isSafeInteger(unit) && unitDigits(unit) === digits ? unit : undefined;
}

export const planPath = (run: string): string => join(run, PLAN_NAME);
export const calibrationPath = (run: string): string => join(run, CALIBRATION_NAME);
export const shardPath = (run: string, unit: number): string => join(run, shardName(unit));
export const commitsFolder = (run: string): string => join(run, 'commits');
export const commitPath = (run: string, unit: number): string => join(run, commitName(unit));
export const failuresFolder = (run: string): string => join(run, 'failures');
export const quarantinePath = (run: string, unit: number): string => join(run, quarantineName(unit));
export const manifestPath = (run: string): string => join(run, MANIFEST_NAME);
export const successPath = (run: string): string => join(run, SUCCESS_NAME);

/** Creates the run folder and the folders in it where they are missing, durably. */
export async function createRunFolders(run: string): Promise<void> {
  for (const folder of FOLDERS) await createFolder(join(run, folder));
}

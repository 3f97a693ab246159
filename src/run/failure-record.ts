import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

import { errnoOf } from '../errors.js';
import { writeOnce } from './atomic-file.js';
import { createFolder, syncFolder } from './folder.js';
import { ioError } from './io-error.js';
import { count, readRecord, type RecordRead } from './json-record.js';
import { failureName, failuresFolder, unitOfFailureName } from './layout.js';
import { sealRecord } from './sealed-record.js';

/** Why a unit was given up: it failed at every attempt of a command, and the other units went on. Gone again once the unit is committed. */
export interface UnitFailure {
  readonly formatVersion: 1;
  readonly unit: number;
  /** Attempts so far, those of earlier commands included. */
  readonly attempts: number;
  /** The kind of the last error, as exit codes are chosen by it. */
  readonly kind: string;
  readonly message: string;
  /** Where the program was; only where the error is a bug. */
  readonly stack?: string;
  readonly host: string;
  /** ISO 8601, UTC. */
  readonly failedAt: string;
}

const failureSchema: z.ZodType<UnitFailure> = z.strictObject({
  formatVersion: z.literal(1),
  unit: count,
  attempts: count,
  kind: z.string(),
  message: z.string(),
  stack: z.string().exactOptional(),
  host: z.string(),
  failedAt: z.iso.datetime(),
});

/** Writes the record of a failed unit in place of an earlier one. Where another process writes one at the same moment, one of the two stays. */
export async function writeFailure(run: string, failure: UnitFailure): Promise<void> {
  await createFolder(failuresFolder(run));
  await clearFailure(run, failure.unit);
  const bytes = sealRecord(failure);
  await writeOnce(join(run, failureName(failure.unit)), (sink) => sink(bytes));
}

/** Removes the record of a unit, if there is one. */
export async function clearFailure(run: string, unit: number): Promise<void> {
  try {
    await unlink(join(run, failureName(unit)));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw ioError('remove', join(run, failureName(unit)), error);
  }
  await syncFolder(failuresFolder(run));
}

/**
 * The failed units of a run, ascending. A unit that is committed as well has succeeded since: pass such over. A record that cannot be read still
 * says that its unit failed; its message says what is wrong with it.
 */
export async function readFailures(run: string): Promise<ReadonlyMap<number, UnitFailure>> {
  const failures = new Map<number, UnitFailure>();
  for (const unit of await failedUnits(run)) {
    const failure = await readFailure(run, unit);
    if (failure !== undefined) failures.set(unit, failure);
  }
  return failures;
}

/** The failure of one unit by the rules of `readFailures`; undefined where it has none. */
export async function readFailure(run: string, unit: number): Promise<UnitFailure | undefined> {
  const read = await readFailureRecord(run, unit);
  if (read.kind === 'missing') return undefined;
  return read.kind === 'record' ? read.value : unreadable(unit, read.problem);
}

/** The record of a failed unit as it stands there; one that speaks of another unit counts as damaged. */
export async function readFailureRecord(run: string, unit: number): Promise<RecordRead<UnitFailure>> {
  const read = await readRecord(join(run, failureName(unit)), failureSchema, 'sealed');
  if (read.kind !== 'record' || read.value.unit === unit) return read;
  return { kind: 'damaged', problem: `it speaks of unit ${read.value.unit}`, sha256: read.sha256 };
}

/** Units that have a record in failures/, whatever it holds, ascending. */
export async function failedUnits(run: string): Promise<number[]> {
  return (await listFailures(run)).flatMap((name) => unitOfFailureName(name) ?? []).sort((a, b) => a - b);
}

function unreadable(unit: number, problem: string): UnitFailure {
  const message = `${failureName(unit)} cannot be read: ${problem}`;
  return { formatVersion: 1, unit, attempts: 0, kind: 'io', message, host: '', failedAt: new Date(0).toISOString() };
}

async function listFailures(run: string): Promise<string[]> {
  try {
    return await readdir(failuresFolder(run));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw ioError('read the folder', failuresFolder(run), error);
  }
}

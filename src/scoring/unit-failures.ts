import { hostname } from 'node:os';
import { messageOf, TouchstoneError, type ErrorKind } from '../errors.js';
import { readFailure, writeFailure } from '../run/failure-record.js';

/** A unit that failed at every attempt. */
export interface FailedUnit {
  readonly unit: number;
  /** Of the last attempt. */
  readonly error: unknown;
}

/** Leaves the record of a failed unit in the run folder; attempts add up over commands. */
export async function recordFailure(run: string, { unit, error }: FailedUnit, attempts: number): Promise<void> {
  const before = (await readFailure(run, unit))?.attempts ?? 0;
  const kind = kindOf(error);
  await writeFailure(run, {
    formatVersion: 1,
    unit,
    attempts: before + attempts,
    kind,
    message: messageOf(error),
    ...(kind === 'internal' && error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {}),
    host: hostname(),
    failedAt: new Date().toISOString(),
  });
}

/** Units that are named in the message; the rest is counted. */
const UNITS_NAMED = 5;

/** What a command ends with that had to pass units over. Retryable where one of the failures is: the same command tries them all again. */
export function unitsFailed(failed: readonly FailedUnit[], attempts: number, untried: number): TouchstoneError {
  const lines = failed.slice(0, UNITS_NAMED).map(({ unit, error }) => `  unit ${unit}: ${messageOf(error)}`);
  if (failed.length > UNITS_NAMED) lines.push(`  and ${failed.length - UNITS_NAMED} more`);
  const units = failed.length === 1 ? '1 unit' : `${failed.length} units`;
  const times = attempts === 1 ? '' : ` ${attempts} times${failed.length === 1 ? '' : ' each'}`;
  const others = untried > 0 ? `none succeeded, so ${untried} more were not tried` : 'the others are done';
  const advice = failed.map(({ error }) => (error instanceof TouchstoneError ? error.advice : undefined)).find((text) => text !== undefined);
  return new TouchstoneError(failed.some(({ error }) => kindOf(error) === 'retryable') ? 'retryable' : 'io', `${units} failed${times}; ${others}\n${lines.join('\n')}`, {
    advice: `${advice === undefined ? '' : `${advice} `}The same command tries failed units again; the run's folder failures/ has a record of each.`,
    cause: failed[0]?.error,
  });
}

const kindOf = (error: unknown): ErrorKind => (error instanceof TouchstoneError ? error.kind : 'internal');

import { z } from 'zod';

import { TouchstoneError } from '../errors.js';
import type { Precision } from '../records.js';
import { writeOnce } from './atomic-file.js';
import { count, firstIssue, readRecord, sha256Hex, type RecordRead } from './json-record.js';
import { CALIBRATION_NAME, calibrationPath } from './layout.js';
import { planHash, type Plan } from './plan-record.js';
import { sealRecord } from './sealed-record.js';
import { setFileAside } from './set-aside.js';

/** How far the losses of a run's precision are from those of float32, on a sample of its corpus. */
export interface Calibration {
  readonly documents: number;
  /** With a finite loss in both precisions. The figures below are over them, and null where there are none. */
  readonly tokens: number;
  /** Mean magnitude of the difference of the losses, in nats. */
  readonly meanError: number | null;
  /** Largest magnitude of it. */
  readonly maxError: number | null;
  /** Mean difference: above 0 where the precision overstates losses. */
  readonly bias: number | null;
  /** Share of the tokens that are in one and not in the other of two selections: the 60 % with the lowest loss, by float32 and by this precision. */
  readonly changedSelection: number | null;
  /** Tokens the model gives no finite loss for. */
  readonly nonfinite: { readonly float32: number; readonly approximate: number };
  /** Why nothing was compared, where the model could not be run in float32: then all counts are 0. */
  readonly notCompared?: string;
}

/** calibration.json: a calibration, and what it is of. Measured once, before the first unit is scored. */
export interface CalibrationRecord extends Calibration {
  readonly formatVersion: 1;
  readonly planHash: string;
  readonly precision: Precision;
}

const figures = {
  documents: count,
  tokens: count,
  meanError: z.number().min(0).nullable(),
  maxError: z.number().min(0).nullable(),
  bias: z.number().nullable(),
  changedSelection: z.number().min(0).max(1).nullable(),
  nonfinite: z.strictObject({ float32: count, approximate: count }),
  notCompared: z.string().exactOptional(),
};

export const calibrationSchema: z.ZodType<Calibration> = z.strictObject(figures);

const recordSchema: z.ZodType<CalibrationRecord> = z.strictObject({
  formatVersion: z.literal(1),
  planHash: sha256Hex,
  precision: z.enum(['float32', 'float16', 'int8']),
  ...figures,
});

/** Whether a run of this plan has a calibration: those in float32 are what others are compared with. */
export function needsCalibration(plan: Plan): boolean {
  return plan.model.precision !== 'float32';
}

/** The record of a run as it stands there; one of another plan counts as damaged. */
export async function readCalibration(run: string, plan: Plan): Promise<RecordRead<Calibration>> {
  return await readAt(calibrationPath(run), plan);
}

async function readAt(path: string, plan: Plan): Promise<RecordRead<Calibration>> {
  const read = await readRecord(path, recordSchema, 'sealed');
  if (read.kind !== 'record') return read;
  const { formatVersion, planHash: hash, precision, ...calibration } = read.value;
  if (hash === planHash(plan) && precision === plan.model.precision) return { ...read, value: calibration };
  return { kind: 'damaged', problem: `it is of the plan ${hash} in ${precision} (format ${formatVersion}), this run's is ${planHash(plan)} in ${plan.model.precision}`, sha256: read.sha256 };
}

/**
 * The calibration of a run that needs one, for its manifest; null for runs that need none.
 * @throws TouchstoneError ('retryable') where it is missing or damaged: the score command measures it again
 */
export async function requiredCalibration(run: string, plan: Plan): Promise<Calibration | null> {
  if (!needsCalibration(plan)) return null;
  const read = await readCalibration(run, plan);
  if (read.kind === 'record') return read.value;
  throw new TouchstoneError('retryable', `${calibrationPath(run)} ${read.kind === 'missing' ? 'is missing' : `cannot be used: ${read.problem}`}`, {
    advice: 'Run the touchstone score command of this run again: it measures the calibration anew.',
  });
}

/** Writes the record, or keeps the one another process has written meanwhile; returns the calibration that stands. */
export async function writeCalibration(run: string, plan: Plan, calibration: Calibration): Promise<Calibration> {
  const record: CalibrationRecord = { formatVersion: 1, planHash: planHash(plan), precision: plan.model.precision, ...calibration };
  const checked = recordSchema.safeParse(record);
  if (!checked.success) throw new TouchstoneError('internal', `the calibration is not well-formed: ${firstIssue(checked.error)}`);
  const bytes = sealRecord(record);
  let standing = calibration;
  await writeOnce(calibrationPath(run), (sink) => sink(bytes), {
    onExisting: async () => {
      const read = await readCalibration(run, plan);
      if (read.kind === 'record') {
        standing = read.value;
        return 'keep';
      }
      if (read.kind === 'damaged') await setCalibrationAside(run, plan);
      return 'retry';
    },
  });
  return standing;
}

/** Moves a record that cannot be used into stale/. */
export async function setCalibrationAside(run: string, plan: Plan): Promise<void> {
  await setFileAside(run, CALIBRATION_NAME, async (moved) => (await readAt(moved, plan)).kind !== 'record');
}

import { needsCalibration, readCalibration, type Calibration } from '../run/calibration-record.js';
import { fileSize } from '../run/file-hash.js';
import { CALIBRATION_NAME, calibrationPath } from '../run/layout.js';
import type { Plan } from '../run/plan.js';
import type { Problem } from './problem.js';

export interface CalibrationCheck {
  readonly problems: readonly Problem[];
  readonly files: number;
  readonly bytes: number;
  /** null for a run in float32; undefined where there is none that could be trusted. */
  readonly calibration: Calibration | null | undefined;
}

const MEASURE_AGAIN = 'Run the touchstone score command of this run again: it measures the calibration anew, to the same figures on the same kind of CPU; on CUDA or another CPU they may differ, and the manifest of a finished run is written anew.';

/** Checks calibration.json: its checksum, its shape, and that it is of this plan. A run of which no unit is scored may not have one yet. */
export async function verifyCalibration(run: string, plan: Plan, units: number): Promise<CalibrationCheck> {
  if (!needsCalibration(plan)) return { problems: [], files: 0, bytes: 0, calibration: null };
  const read = await readCalibration(run, plan);
  if (read.kind === 'missing') {
    const problems = units === 0 ? [] : [{ file: CALIBRATION_NAME, message: `it is missing, and units are scored in ${plan.model.precision}`, advice: MEASURE_AGAIN }];
    return { problems, files: 0, bytes: 0, calibration: undefined };
  }
  const found = { files: 1, bytes: (await fileSize(calibrationPath(run))) ?? 0 };
  if (read.kind === 'damaged') return { ...found, problems: [{ file: CALIBRATION_NAME, message: read.problem, advice: MEASURE_AGAIN }], calibration: undefined };
  return { ...found, problems: [], calibration: read.value };
}

import { failedUnits, readFailureRecord } from '../run/failure-record.js';
import { fileSize } from '../run/file-hash.js';
import { failureName } from '../run/layout.js';
import type { Problem } from './problem.js';

export interface FailuresCheck {
  readonly problems: readonly Problem[];
  readonly files: number;
  readonly bytes: number;
}

const TRY_AGAIN = 'Let it stand and run the touchstone score command of this run again: it tries the unit again, and removes the record or writes it anew.';

/** Checks the records of failed units: their checksums, their shape, and that each is of the unit it is named for. A run that is whole has none. */
export async function verifyFailures(run: string): Promise<FailuresCheck> {
  const problems: Problem[] = [];
  const sizes: number[] = [];
  for (const unit of await failedUnits(run)) {
    const file = failureName(unit);
    const read = await readFailureRecord(run, unit);
    if (read.kind === 'missing') continue; // its unit has succeeded meanwhile
    if (read.kind === 'damaged') problems.push({ file, message: read.problem, advice: TRY_AGAIN });
    sizes.push((await fileSize(`${run}/${file}`)) ?? 0);
  }
  return { problems, files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

import { resolve } from 'node:path';
import { TouchstoneError } from '../../errors.js';
import { readStatus } from '../../run/status.js';
import { tasksHolding } from '../../run/task-slice.js';
import { counted } from '../number-text.js';
import { shortPath } from '../short-path.js';

export interface RetryListFlags {
  readonly format: 'slurm' | 'indices';
  readonly tasks?: string;
}

export async function printRetryList(folder: string, { format, tasks }: RetryListFlags): Promise<void> {
  const slices = tasks === undefined ? 'units' : countOf(tasks);
  const run = resolve(folder);
  const { finished, unitStates, units } = await readStatus(run);
  const open = unitStates.filter(({ state }) => state !== 'done').map(({ unit }) => unit);
  if (open.length === 0) {
    process.stderr.write(`nothing is missing: ${units.total} of ${counted(units.total, 'unit')} ${units.total === 1 ? 'is' : 'are'} done${finished ? '' : `; touchstone finalize ${shortPath(run)} writes the manifest`}\n`);
    return;
  }
  const indexes = tasksHolding(open, units.total, slices);
  process.stdout.write(format === 'slurm' ? `${arrayExpression(indexes)}\n` : indexes.map((index) => `${index}\n`).join(''));
}

/** Ascending numbers as Slurm's --array takes them: "0-3,7". */
export function arrayExpression(indexes: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const index of indexes) {
    const last = ranges.at(-1);
    if (last?.[1] === index - 1) last[1] = index;
    else ranges.push([index, index]);
  }
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(',');
}

function countOf(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count) && count > 0) return count;
  throw new TouchstoneError('usage', `--tasks must be a whole number of at least 1, got ${JSON.stringify(text)}`, { advice: 'It is the n of score --task i/n, the number of slices the run is cut into.' });
}

import { realpath } from 'node:fs/promises';
import { TouchstoneError } from '../errors.js';
import { findEarlierRun, type EarlierRun } from '../run/earlier-run.js';
import type { Plan } from '../run/plan.js';
import { EarlierRows } from '../store/earlier-rows.js';

/**
 * The runs to reuse, in the order they were named; the first that has a text gives its row. Throws a usage error where rows of documents cannot be
 * copied at all, and what findEarlierRun throws.
 */
export async function findEarlierRuns(folders: readonly string[], run: string, plan: Plan): Promise<EarlierRun[]> {
  if (folders.length > 0 && plan.windows.layout === 'packed') {
    throw new TouchstoneError('usage', 'earlier runs can be reused in the document layout, windows.layout is packed', {
      advice: 'A packed row holds pieces of many documents, so one new document changes all rows after it. Leave --reuse out, or use --layout document.',
    });
  }
  const own = await realpath(run).catch(() => run);
  const found: EarlierRun[] = [];
  for (const folder of folders) {
    if ((await realpath(folder).catch(() => folder)) === own) {
      throw new TouchstoneError('usage', `a run cannot reuse itself: ${folder} is the run folder of this command`, { advice: 'The same command on the same folder resumes without --reuse.' });
    }
    found.push(await findEarlierRun(folder, plan));
  }
  return found;
}

/** The rows of the runs, ready to be looked up; null where there are none to look in. */
export async function openEarlierRows(runs: readonly EarlierRun[], plan: Plan, onNote: (text: string) => void, signal: AbortSignal | undefined): Promise<EarlierRows | null> {
  if (runs.length === 0) return null;
  return await EarlierRows.open(runs.flatMap(({ shards }) => shards), {
    stats: plan.output.stats,
    onUnusable: (message) => { onNote(`${message}; its documents are scored anew`); },
    ...(signal === undefined ? {} : { signal }),
  });
}

import { realpath, stat } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import glob from 'fast-glob';
import { TouchstoneError } from '../errors.js';
import { findEarlierRun, type EarlierRun } from '../run/earlier-run.js';
import { successPath } from '../run/layout.js';
import type { Plan } from '../run/plan.js';
import { EarlierRows } from '../store/earlier-rows.js';

export interface FoundRuns {
  /** In the order they were named; the first that has a text gives its row. */
  readonly runs: readonly EarlierRun[];
  /** What a user should know; one sentence each. */
  readonly notes: readonly string[];
  /** What a user should know even if notes are not shown: nothing can be reused. */
  readonly warnings: readonly string[];
}

/**
 * The runs to reuse. A path must be a run; a glob stands for the last by name of the finished runs it matches, so that a night after a missed one, and the
 * first night of all, can have the same command. Throws a usage error where rows of documents cannot be copied at all, and where a glob begins in a folder that does not
 * exist, unless this run will make it; and what findEarlierRun throws.
 *
 * @param run the run folder of this command; null where it has none
 */
export async function findEarlierRuns(paths: readonly string[], run: string | null, plan: Plan): Promise<FoundRuns> {
  if (paths.length > 0 && plan.windows.layout === 'packed') {
    throw new TouchstoneError('usage', 'earlier runs can be reused in the document layout, windows.layout is packed', {
      advice: 'A packed row holds pieces of many documents, so one new document changes all rows after it. Leave --reuse out, or use --layout document.',
    });
  }
  const own = run === null ? null : await real(run);
  const runs: EarlierRun[] = [];
  const notes: string[] = [];
  const warnings: string[] = [];
  for (const path of paths) {
    if (await isPattern(path)) {
      const latest = await latestRun(path, own);
      if (latest === undefined) {
        await refuseMissingBase(path, run);
        warnings.push(`${path} matches no finished run to reuse: every document is scored`);
      } else {
        notes.push(`${path}: reusing ${latest}`);
        runs.push(await findEarlierRun(latest, plan));
      }
      continue;
    }
    if ((await real(path)) === own) {
      throw new TouchstoneError('usage', `a run cannot reuse itself: ${path} is the run folder of this command`, { advice: 'The same command on the same folder resumes without --reuse.' });
    }
    runs.push(await findEarlierRun(path, plan));
  }
  return { runs, notes: [...notes, ...runs.flatMap((earlier) => earlier.notes)], warnings };
}

/** A glob may match nothing on the first night, when its folder is the one this run is made in; anywhere else a folder that is not there is a slip of the pen. */
async function refuseMissingBase(pattern: string, run: string | null): Promise<void> {
  const base = resolve(glob.generateTasks(pattern)[0]?.base ?? '.');
  if ((await exists(base)) || run?.startsWith(base + sep) === true) return;
  throw new TouchstoneError('usage', `output.reuse must be earlier runs, or a glob for them in a folder that exists, got ${pattern}: ${base} does not exist`, {
    advice: 'Name the folder that holds the runs of earlier nights.',
  });
}

const real = (path: string): Promise<string> => realpath(path).catch(() => path);

/** A folder that is there is meant itself, whatever brackets or stars its name has. */
async function isPattern(path: string): Promise<boolean> {
  return glob.isDynamicPattern(path) && !(await exists(path));
}

async function latestRun(pattern: string, own: string | null): Promise<string | undefined> {
  const folders = await glob(pattern, { onlyDirectories: true, absolute: true });
  for (const folder of folders.map((match) => resolve(match)).sort().reverse()) {
    if ((await exists(successPath(folder))) && (await real(folder)) !== own) return folder;
  }
  return undefined;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false);
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

import { basename, join, resolve } from 'node:path';
import { TouchstoneError } from '../errors.js';
import { compareRuns, type ComparedRun } from './comparison.js';
import { writeComparison, type WrittenComparison } from './comparison-files.js';
import { counted, tokensText } from './comparison-table.js';
import { evaluatedPoints } from './evaluated-points.js';

export interface CompareFoldersOptions {
  /** Folders of training runs that are done; the first is the baseline. Runs are called by the names of their folders. */
  readonly runs: readonly string[];
  /** Where compare.md and compare.html are written. */
  readonly folder: string;
}

/**
 * Compares training runs made one by one, from their metrics.jsonl, as runs of one seed. Whether they had the same model, data and settings but for one is
 * for the caller to know. Throws a usage error for fewer than two runs or two of one name, an io error for a folder without a log, and a mismatch for runs
 * that did not see as many tokens in as many steps, or were evaluated at other steps or on other sets.
 */
export async function compareFolders({ runs: folders, folder }: CompareFoldersOptions): Promise<WrittenComparison> {
  if (folders.length < 2) throw new TouchstoneError('usage', `a comparison must have two or more runs, got ${folders.length}`, { advice: 'Name the folders of two training runs; the first is the baseline.' });
  const names = folders.map((run) => basename(resolve(run)));
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new TouchstoneError('usage', `runs of a comparison must have folders of different names, two are called ${twice}`);

  const runs: ComparedRun[] = [];
  for (const [at, run] of folders.entries()) {
    const path = join(run, 'metrics.jsonl');
    const points = await evaluatedPoints(path);
    if (points.every(({ evaluations }) => evaluations.length === 0)) {
      throw new TouchstoneError('data', `${path} must have evaluations to be compared by, it has none`, { advice: 'Train with run.evaluateOn naming a held-out corpus.' });
    }
    runs.push({ selection: names[at]!, seed: 1, points });
  }
  for (const run of runs.slice(1)) refuseOtherCourse(runs[0]!, run);

  const comparison = compareRuns(runs, names, [1], names[0]);
  const settings = [`${counted(comparison.steps, 'step')}: each run consumed ${tokensText(comparison.consumedTokens)} tokens. Baseline: ${names[0]!}.`];
  return writeComparison(folder, { title: `Comparison of ${names.join(', ')}`, comparison, runs, settings });
}

/** Evaluated steps, tokens consumed by then, and the sets must be the same. */
function refuseOtherCourse(first: ComparedRun, other: ComparedRun): void {
  const course = ({ points }: ComparedRun): string[] => points.map(({ step, consumedTokens, evaluations }) => `step ${step} after ${consumedTokens} tokens on ${evaluations.map(({ name }) => name).join(', ')}`);
  const [expected, found] = [course(first), course(other)];
  const at = Array.from({ length: Math.max(expected.length, found.length) }, (_, index) => index).find((index) => expected[index] !== found[index]);
  if (at === undefined) return;
  throw new TouchstoneError('mismatch', `evaluation ${at} of ${other.selection} must be that of ${first.selection}, ${expected[at] ?? 'none'}, it is ${found[at] ?? 'none'}`, {
    advice: 'Compare runs with the same steps, batches, corpus and evaluations, all of them finished.',
  });
}

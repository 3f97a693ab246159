import { basename, join, resolve } from 'node:path';
import { TouchstoneError } from '../errors.js';
import { scoreRunAround } from '../store/score-run-around.js';
import { refuseOtherSets, settingDifferences, type RecordedRun } from './compared-records.js';
import { comparisonMarkdown } from './comparison-markdown.js';
import { compareRuns, type ComparedRun, type EvaluatedPoint } from './comparison.js';
import { writeComparison, type WrittenComparison } from './comparison-files.js';
import { counted, tokensText } from './comparison-table.js';
import { evaluatedPoints } from './evaluated-points.js';
import { readRunRecord, RUN_RECORD } from './run-record.js';
import { selectionText } from './selection-text.js';

export interface CompareFoldersOptions {
  /** Folders of training runs that are done; the first is the baseline. Runs are called by the names of their folders. */
  readonly runs: readonly string[];
  /** Where compare.md and compare.html are written; null = nowhere. */
  readonly folder: string | null;
}

/** A comparison, and where it was written. */
export type ComparedFolders = Pick<WrittenComparison, 'comparison' | 'text'> & { readonly [file in 'page' | 'curves']: string | null };

/**
 * Compares training runs made one by one, from their metrics.jsonl and training.json, as runs of one seed, and lists every setting in which they differ: whether
 * they may is for the reader to judge. Throws a usage error for fewer than two runs or two of one name, an io error for a folder without a log, and a mismatch for
 * runs that did not see as many tokens in as many steps, or were evaluated at other steps or on other texts.
 */
export async function compareFolders({ runs: folders, folder }: CompareFoldersOptions): Promise<ComparedFolders> {
  if (folders.length < 2) throw new TouchstoneError('usage', `a comparison must have two or more runs, got ${folders.length}`, { advice: 'Name the folders of two training runs; the first is the baseline.' });
  const names = folders.map((run) => basename(resolve(run)));
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new TouchstoneError('usage', `runs of a comparison must have folders of different names, two are called ${twice}`);

  if (folder !== null) {
    const scores = await scoreRunAround(folder);
    if (scores !== undefined) throw new TouchstoneError('mismatch', `${folder} lies in the score run ${scores}, expected a folder for the comparison`, { advice: 'Name another --out.' });
  }

  const runs: ComparedRun[] = [];
  const recorded: RecordedRun[] = [];
  for (const [at, run] of folders.entries()) {
    const path = join(run, 'metrics.jsonl');
    const points = wholeSets(await evaluatedPoints(path));
    if (points.every(({ evaluations }) => evaluations.length === 0)) {
      throw new TouchstoneError('data', `${path} must have evaluations of one set from the first step to the last to be compared by, it has none`, { advice: 'Train with run.evaluateOn naming a held-out corpus.' });
    }
    const record = await readRunRecord(run);
    recorded.push({ name: names[at]!, record });
    runs.push({ selection: names[at]!, seed: 1, points, ...(record === undefined ? {} : { detail: selectionText(record.settings) }) });
  }
  refuseOtherSets(recorded);
  for (const run of runs.slice(1)) refuseOtherCourse(runs[0]!, run);

  const unrecorded = recorded.filter(({ record }) => record === undefined).map(({ name }) => name);
  const comparison = { ...compareRuns(runs, names, [1], names[0]), ...(unrecorded.length > 0 ? {} : { differences: settingDifferences(recorded) }) };
  const settings = [`${counted(comparison.steps, 'step')}: each run consumed ${tokensText(comparison.consumedTokens)} tokens. Baseline: ${names[0]!}.`];
  if (unrecorded.length > 0) settings.push(`Without ${RUN_RECORD}, so that nobody can tell whether settings and held-out sets are those of the others: ${unrecorded.join(', ')}.`);
  const page = { title: `Comparison of ${names.join(', ')}`, comparison, runs, settings };
  return folder === null ? { comparison, text: comparisonMarkdown(page), page: null, curves: null } : await writeComparison(folder, page);
}

/** The evaluations on sets that were there from the first step to the last: a set may have joined or left a run that was resumed. */
function wholeSets(points: readonly EvaluatedPoint[]): EvaluatedPoint[] {
  const isWhole = (name: string): boolean => points.every(({ evaluations }) => evaluations.some((one) => one.name === name));
  return points.map((point) => ({ ...point, evaluations: point.evaluations.filter(({ name }) => isWhole(name)) }));
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

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, TouchstoneError } from '../errors.js';
import { commitFile } from '../run/atomic-file.js';
import { canonicalJson } from '../run/canonical-json.js';
import { sha256Of } from '../run/file-hash.js';
import { createFolder } from '../run/folder.js';
import { ioError } from '../run/io-error.js';
import { resolveSelection, type SelectionScore } from '../selection/options.js';
import { compareRuns, type ComparedRun } from './comparison.js';
import { writeComparison, type WrittenComparison } from './comparison-files.js';
import { comparisonSettings } from './comparison-settings.js';
import { evaluatedPoints } from './evaluated-points.js';
import type { TrainOptions } from './options.js';
import { refuseForeignFolder } from './output-folder.js';
import { prepareTraining, type PrepareHooks } from './prepare-training.js';
import { train, type TrainEvent } from './train.js';

/** What is compared. */
export interface CompareOptions {
  /** Settings of every run but for its selection.score; its output.folder is that of the comparison. */
  readonly train: TrainOptions;
  /** In the order of the table; none twice. */
  readonly selections: readonly SelectionScore[];
  /** Runs of each selection. */
  readonly seeds: number;
}

export type CompareEvent =
  | { readonly kind: 'run'; readonly selection: SelectionScore; readonly seed: number; readonly number: number; readonly of: number; /** It was finished earlier and is not repeated. */ readonly finished: boolean }
  | { readonly kind: 'training'; readonly event: TrainEvent };

export interface CompareHooks {
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: CompareEvent) => void;
  /** Goes on with the comparison of the folder: finished runs are kept, one under way is resumed. Without it, a folder that has a comparison is refused. */
  readonly resume?: boolean;
}

/** Says which settings the runs of a folder share. Selections and seeds are not among them: more can be added later. */
const SETTINGS = 'comparison.json';
/** Written last in the folder of a run. */
const FINISHED = 'finished.json';

/**
 * Trains once for each selection and seed, in subfolders of the output folder, and compares the runs on held-out text. Runs of one seed start from the same
 * weights and see the same rows in the same order; with the seed, order and (of model.init) initial weights change.
 *
 * Throws a usage error for what cannot be compared and a mismatch for a folder of another comparison, both before the first step; and all that `train` throws.
 */
export async function compare({ train: options, selections, seeds }: CompareOptions, { signal, onEvent = () => undefined, resume = false }: CompareHooks = {}): Promise<WrittenComparison> {
  const { folder } = options.output;
  await refuseOtherSettings(folder, await prepareComparison({ train: options, selections, seeds }, { signal }), resume);

  const order = Array.from({ length: seeds }, (_, at) => selections.map((selection) => ({ selection, seed: at + 1 }))).flat();
  const runs: ComparedRun[] = [];
  for (const [at, { selection, seed }] of order.entries()) {
    const own = runOptions(options, selection, seed);
    const record = join(own.output.folder, FINISHED);
    const finished = (await readText(record)) !== undefined;
    onEvent({ kind: 'run', selection, seed, number: at + 1, of: order.length, finished });
    if (!finished) {
      const { evaluation, position } = await train(own, { onEvent: (event) => { onEvent({ kind: 'training', event }); }, resume: true, ...(signal === undefined ? {} : { signal }) });
      await writeJson(record, { formatVersion: 1, settingsHash: position.settingsHash, step: position.step, evaluation });
    }
    runs.push({ selection, seed, points: await evaluatedPoints(join(own.output.folder, 'metrics.jsonl')) });
  }

  const comparison = compareRuns(runs, selections, Array.from({ length: seeds }, (_, at) => at + 1));
  return writeComparison(folder, { title: `Comparison of ${selections.join(', ')}`, comparison, runs, settings: comparisonSettings(comparison, options) });
}

/** The settings of one run. Seeds count from 1. */
export function runOptions(options: TrainOptions, selection: SelectionScore, seed: number): TrainOptions {
  return {
    ...options,
    model: { ...options.model, seed: `${options.model.seed}/${seed}` },
    data: { ...options.data, seed: `${options.data.seed}/${seed}` },
    selection: { ...options.selection, score: selection, seed: (options.selection.seed + seed) >>> 0 },
    output: { ...options.output, folder: join(options.output.folder, `${selection}-${seed}`) },
  };
}

/**
 * Prepares a run of every selection and writes nothing, so that what one of them lacks is found before the others are trained; returns what the runs have in common.
 * Throws as `compare` does.
 */
export async function prepareComparison({ train: options, selections }: CompareOptions, hooks: PrepareHooks = {}): Promise<unknown> {
  if (options.objective.kind !== 'selective') throw new TouchstoneError('usage', `objective.kind of a comparison must be selective, got ${options.objective.kind}`, { advice: 'Compare with the selection "all" for plain training.' });
  if (Object.keys(options.run.evaluateOn).length === 0) throw new TouchstoneError('usage', 'run.evaluateOn of a comparison must name a held-out corpus, it is empty', { advice: 'Name one: --set "run.evaluateOn={heldout: heldout.jsonl}".' });
  for (const selection of selections) {
    const own = runOptions(options, selection, 1);
    resolveSelection(own.selection);
    if (selection !== 'all') await prepareTraining(own, hooks);
  }
  const { settingsHash, evaluation, evaluationOptions } = await prepareTraining(runOptions(options, 'all', 1), hooks);
  const sets = evaluation.map(({ name, documents }) => ({ name, documents: documents.map(({ hash }) => hash) }));
  return {
    formatVersion: 1,
    settingsHash,
    evaluationHash: sha256Of(canonicalJson({ sets, evaluationOptions })),
    evaluateEvery: options.run.evaluateEvery,
  };
}

async function refuseOtherSettings(folder: string, settings: unknown, resume: boolean): Promise<void> {
  const path = join(folder, SETTINGS);
  const found = await readText(path);
  if (found === undefined) {
    await refuseForeignFolder(folder, 'a comparison', () => Promise.resolve(false));
    await createFolder(folder);
    await writeJson(path, settings);
    return;
  }
  if (!resume) throw new TouchstoneError('mismatch', `${folder} holds a comparison, expected an empty folder`, { advice: 'Add --resume to go on with it, or name another --out.' });
  if (found === jsonText(settings)) return;
  throw new TouchstoneError('mismatch', `${folder} holds a comparison with other settings, another model, other data or other evaluations than this command has`, {
    advice: 'Give this command another --out, or the settings of the comparison; selections and seeds may differ.',
  });
}

const jsonText = (value: unknown): string => `${canonicalJson(value, 2)}\n`;

async function writeJson(path: string, value: unknown): Promise<void> {
  await commitFile(path, (sink) => sink(new TextEncoder().encode(jsonText(value))));
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw ioError('read', path, error);
  }
}

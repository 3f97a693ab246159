import { TouchstoneError } from '../errors.js';
import { findCorpusFiles, type FoundCorpus } from '../corpus/find-files.js';
import type { CorpusFile } from '../corpus/corpus-file.js';
import { planUnits, type CorpusUnit } from '../corpus/units.js';
import type { ComputeDevice } from '../records.js';
import type { EarlierRun } from '../run/earlier-run.js';
import { findPlan, refuseOtherPlan, type Plan, type PlanFile, type PlanUnit } from '../run/plan.js';
import { unitsOfTask, type TaskSlice } from '../run/task-slice.js';
import { runtimeVersion } from '../runtime/version.js';
import { readyDevices, type DiagnoseCuda } from '../runtime/cuda/choose-devices.js';
import { loadTokenizer } from '../tokenizer/load-tokenizer.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { findEarlierRuns } from './earlier-runs.js';
import { hashesBySize, hashInputs, type InputHashes } from './input-hashes.js';
import { limitUnits } from './limit-units.js';
import type { PlanOptions } from './options.js';
import { openReferenceModel } from './open-reference-model.js';
import { refuseNestedRun } from './refuse-nested-run.js';
import { refuseWrongFields } from './refuse-wrong-fields.js';
import type { ScoringGraph } from './reference-model.js';
import { resolveNumerics } from './resolve-numerics.js';
import { resolveUnitBytes } from './resolve-unit-bytes.js';
import { resolveWindows } from './resolve-windows.js';
import { selfTest } from './self-test.js';
import { toolIdentity } from '../tool.js';

/** A plan, and what it was made from. */
export interface Prepared {
  readonly plan: Plan;
  readonly files: readonly CorpusFile[];
  /** By plan unit. */
  readonly units: readonly CorpusUnit[];
  /** Files passed over in folders and globs, absolute. */
  readonly ignored: readonly string[];
  readonly graph: ScoringGraph;
  /** The same in float32, on the same kind of device. */
  readonly exactGraph: () => Promise<ScoringGraph>;
  /** What sessions are made on. */
  readonly devices: readonly ComputeDevice[];
  readonly tokenizer: Tokenizer;
  /** Path of the tokenizer, for workers. */
  readonly tokenizerPath: string;
  /** Runs whose rows are copied where they have a text. */
  readonly reuse: readonly EarlierRun[];
  /** What a user should know before anything is scored; one sentence each. */
  readonly notes: readonly string[];
  /** The same, for those who do not want to see notes. */
  readonly warnings: readonly string[];
}

export interface PrepareHooks {
  readonly signal?: AbortSignal;
  /** Nothing will be scored: devices that are named need not be there. */
  readonly planOnly?: boolean;
  /** Asks the machine about CUDA; tests answer for it. */
  readonly diagnose?: DiagnoseCuda;
  /** Where the run has a plan already: of the corpus, hash only the files this slice reads, and compare the sizes of the others. */
  readonly task?: TaskSlice;
  /** Bytes of the model and the corpus hashed so far, and in all. */
  readonly onHashed?: (done: number, total: number) => void;
}

/** Row groups of about a million tokens. */
const ROW_GROUP_TOKENS = 1 << 20;

/**
 * Looks at corpus, model and tokenizer and says what a run over them will do, hashes included; writes nothing.
 * Where the run folder has a plan that differs in anything that shows without reading the files, it is refused before they are read.
 * @throws TouchstoneError if anything is missing, unsupported or does not fit together, or the run has another plan
 */
export async function prepareScore(options: PlanOptions, { signal, task, onHashed, planOnly = false, diagnose }: PrepareHooks = {}): Promise<Prepared> {
  const { run, reuse: reusable } = options.output;
  if (run !== null) await refuseNestedRun(run, { corpus: options.corpus.paths, model: options.model.path });
  const frozen = run === null ? undefined : await findPlan(run);
  const { devices, diagnosis, notes: deviceNotes, ...numerics } = await resolveNumerics(options, { begunOn: frozen?.model.device ?? null, planOnly, diagnose });
  const found = await findCorpusFiles({ paths: options.corpus.paths });
  const model = await openReferenceModel(options.model.path, options.output.stats);
  const tokenizerPath = options.tokenizer.path ?? model.folder;
  const tokenizer = await loadTokenizer(tokenizerPath);
  const { info } = tokenizer;
  if (info.maxId >= model.vocabSize) {
    throw new TouchstoneError('usage', `the tokenizer's ids go up to ${info.maxId}, and the model's vocabulary has ${model.vocabSize} entries (ids 0 to ${model.vocabSize - 1})`, {
      advice: 'Use the tokenizer.json that belongs to the checkpoint.',
    });
  }
  const windows = resolveWindows(options.windows, { maxPositions: model.maxPositions, bosId: info.bosId, eosId: info.eosId, addsBos: info.addsBos });

  if (!planOnly) {
    readyDevices({ diagnosis });
    if (numerics.device === 'cuda') await selfTest(devices, numerics);
  }
  const graph = await model.graph(windows.contextLength, numerics);
  const exactGraph = (): Promise<ScoringGraph> => model.graph(windows.contextLength, { ...numerics, precision: 'float32' });

  const { unitBytes, limitDocs, textField, idField, sourceField, maxLineBytes } = options.corpus;
  const reading = { textField, idField, sourceField, maxLineBytes };
  const planned = await planUnits(found.files, { unitBytes: resolveUnitBytes(unitBytes, found.files, numerics.device), ...(signal === undefined ? {} : { signal }) });
  const limited = limitDocs === null ? planned.map((unit) => ({ unit })) : await limitUnits(planned, found.files, reading, limitDocs, signal);
  await refuseWrongFields(limited[0]?.unit, found.files, reading, signal);

  const planOf = (hashes: InputHashes): Plan => ({
    formatVersion: 1,
    tool: { ...toolIdentity(), onnxruntime: runtimeVersion() },
    model: {
      kind: model.kind,
      modelType: model.modelType,
      location: options.model.path,
      ...numerics,
      vocabSize: model.vocabSize,
      files: hashes.model.files,
      hash: hashes.model.sha256,
    },
    tokenizer: {
      location: tokenizerPath,
      library: info.library.name,
      libraryVersion: info.library.version,
      vocabSize: info.vocabSize,
      bosId: info.bosId,
      eosId: info.eosId,
      hash: info.hash,
    },
    windows,
    output: { stats: options.output.stats, lossPrecision: options.output.lossPrecision, rowGroupTokens: ROW_GROUP_TOKENS },
    corpus: {
      ...reading,
      limitDocs,
      files: hashes.corpus,
      units: limited.map(({ unit, ...limit }, index): PlanUnit => ({
        index,
        slices: unit.slices.map(({ file, range }) => ({ file: found.files[file]!.path, range })),
        ...limit,
      })),
    },
  });
  if (run !== null && frozen !== undefined) refuseOtherPlan(run, frozen, planOf(hashesBySize(found.files, model, frozen)));
  const known = frozen === undefined || task === undefined ? new Map<string, PlanFile>() : filesOfOthers(frozen, task);
  const plan = planOf(await hashInputs(found.files, model, known, { signal, onHashed }));
  const { runs: reuse, notes: reuseNotes, warnings } = await findEarlierRuns(reusable, run, plan);
  const notes = [...deviceNotes, ...info.notes, ...model.notes, ...leftOutNotes(found), ...reuseNotes];
  return { plan, files: found.files, units: limited.map(({ unit }) => unit), ignored: found.ignored, graph, exactGraph, devices, tokenizer, tokenizerPath, reuse, notes, warnings };
}

/** The files of a plan that only units outside the slice read, by path. */
function filesOfOthers({ corpus }: Plan, task: TaskSlice): Map<string, PlanFile> {
  const { start, end } = unitsOfTask(task, corpus.units.length);
  const own = new Set(corpus.units.slice(start, end).flatMap(({ slices }) => slices.map(({ file }) => file)));
  return new Map(corpus.files.filter(({ path }) => !own.has(path)).map((file) => [file.path, file]));
}

function leftOutNotes({ ignored, runs }: FoundCorpus): string[] {
  const shown = (paths: readonly string[]): string => paths.slice(0, 3).join(', ') + (paths.length > 3 ? ', ...' : '');
  const notes: string[] = [];
  if (ignored.length === 1) notes.push(`1 file of the corpus folders is not a corpus file by its name and is left out: ${shown(ignored)}`);
  if (ignored.length > 1) notes.push(`${ignored.length} files of the corpus folders are not corpus files by their names and are left out: ${shown(ignored)}`);
  if (runs.length > 0) notes.push(`${runs.length === 1 ? 'a run folder lies' : `${runs.length} run folders lie`} among the corpus and ${runs.length === 1 ? 'is' : 'are'} left out: ${shown(runs)}`);
  return notes;
}

import { TouchstoneError } from '../errors.js';
import { openCheckpoint } from '../model/checkpoint.js';
import { hashCheckpoint } from '../model/hash-checkpoint.js';
import { initialWeights } from '../model/initial-weights.js';
import { readWeights } from '../model/read-weights.js';
import { specFromConfig } from '../model/spec-from-config.js';
import { templateFromCheckpoint, templateFromConfig, type CheckpointTemplate } from '../model/write-checkpoint.js';
import type { ModelSpec, TokenizedDocument } from '../records.js';
import { canonicalJson } from '../run/canonical-json.js';
import { sha256Of } from '../run/file-hash.js';
import { resolveSelection } from '../selection/options.js';
import { loadTokenizer } from '../tokenizer/load-tokenizer.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { hashCorpus, readDocuments } from './data/corpus-documents.js';
import { alignmentByCounts } from './data/counted-alignment.js';
import { refuseMisaligned } from './data/misaligned.js';
import { openScoreSetRows } from './data/score-set-rows.js';
import { documentFormat, type BosPolicy, type SequenceFormat } from './data/sequence-format.js';
import { streamRows } from './data/stream-rows.js';
import type { RowSource } from './data/training-rows.js';
import { verifyScoreSet } from './data/verify-source.js';
import type { EvaluationOptions, EvaluationSet } from './evaluate.js';
import { evaluationIdentity, type EvaluationIdentity } from './evaluation-identity.js';
import { openEvaluationSet } from './evaluation-set.js';
import type { TrainOptions } from './options.js';
import { runSettings, type RunSettings } from './run-settings.js';
import { buildStepGraphs, type StepGraphs } from './step-graphs.js';
import { trainingDevice, type DeviceSearch, type TrainingDevice } from './training-device.js';

/** What a run trains on. */
export type DataIdentity =
  | { readonly kind: 'scores'; readonly path: string; readonly planHash: string; readonly modelHash: string; readonly tokenizerHash: string; readonly rows: number; readonly tokens: number }
  | { readonly kind: 'corpus'; readonly paths: readonly string[]; /** Of the files' names and bytes, the text fields and the tokenizer. */ readonly sha256: string };

/** A training run, ready to begin. */
export interface PreparedTraining {
  readonly graphs: StepGraphs;
  readonly weights: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
  readonly template: CheckpointTemplate;
  readonly vocabSize: number;
  readonly source: RowSource;
  readonly data: DataIdentity;
  readonly format: SequenceFormat;
  readonly evaluation: readonly EvaluationSet[];
  /** By name. */
  readonly evaluationSets: Readonly<Record<string, EvaluationIdentity>>;
  readonly evaluationOptions: EvaluationOptions;
  /** Model, data and every setting that changes a step, and their identity. */
  readonly settings: RunSettings;
  readonly settingsHash: string;
  readonly compute: TrainingDevice;
  readonly notes: readonly string[];
}

export interface PrepareHooks extends DeviceSearch {
  readonly signal?: AbortSignal | undefined;
}

/** Opens model, tokenizer and data, checks that they fit together, and writes nothing. */
export async function prepareTraining(options: TrainOptions, { signal, ...search }: PrepareHooks = {}): Promise<PreparedTraining> {
  if (options.objective.kind === 'selective') resolveSelection(options.selection);
  const compute = await trainingDevice(options.run, search);
  const model = await openModel(options, compute.stepsPerCall, signal);
  const tokenizer = await loadTokenizer(model.tokenizerFolder);
  const data = await openData(options, model.spec, tokenizer);
  const { textField, verify } = options.data;
  const evaluation: EvaluationSet[] = [];
  for (const [name, path] of Object.entries(options.run.evaluateOn)) evaluation.push(await openEvaluationSet(name, path, { tokenizer, vocabSize: model.spec.vocabSize, textField, verify }));
  const settings = runSettings(options, { weights: model.weightsHash, data: data.source.identity, format: data.format, device: compute.device.kind });
  return {
    graphs: model.graphs,
    weights: model.weights,
    template: model.template,
    vocabSize: model.spec.vocabSize,
    source: data.source,
    data: data.identity,
    format: data.format,
    evaluation,
    evaluationSets: Object.fromEntries(evaluation.map((set) => [set.name, evaluationIdentity(set, options.run.evaluateOn[set.name]!)])),
    evaluationOptions: { contextLength: options.data.length, prefixId: data.format.prefixId, batchTokens: options.batch.sequences * options.data.length },
    settings,
    settingsHash: sha256Of(canonicalJson(settings)),
    compute,
    notes: [...unusedSelection(options), ...compute.notes, ...tokenizer.info.notes, ...data.notes],
  };
}

/** A note where settings ask for a selection that plain training does not make. */
function unusedSelection({ objective, selection }: TrainOptions): string[] {
  const given = Object.keys(selection).filter((key) => key !== 'seed').map((key) => `selection.${key}`);
  if (objective.kind === 'selective' || given.length === 0) return [];
  return [`${given.join(', ')} ${given.length === 1 ? 'is' : 'are'} not used: objective.kind is causal, which trains on every token`];
}

interface OpenedModel {
  readonly spec: ModelSpec;
  readonly graphs: StepGraphs;
  readonly weights: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
  readonly template: CheckpointTemplate;
  readonly tokenizerFolder: string;
  /** null for a model from scratch. */
  readonly weightsHash: string | null;
}

async function openModel(options: TrainOptions, stepsPerCall: number, signal: AbortSignal | undefined): Promise<OpenedModel> {
  const { path, init, seed } = options.model;
  if (path !== null) {
    const checkpoint = await openCheckpoint(path);
    const tokenizerFolder = options.tokenizer.path ?? path;
    refuseUntrainable(checkpoint.spec, options.data.length);
    return {
      spec: checkpoint.spec,
      graphs: buildStepGraphs(checkpoint.spec, options, stepsPerCall),
      weights: await readWeights(checkpoint, signal),
      template: await templateFromCheckpoint(path, tokenizerFolder),
      tokenizerFolder,
      weightsHash: (await hashCheckpoint(checkpoint, signal)).sha256,
    };
  }
  const config = specFromConfig(init, 'model.init');
  refuseUntrainable(config.spec, options.data.length);
  const graphs = buildStepGraphs(config.spec, options, stepsPerCall);
  const tokenizerFolder = options.tokenizer.path!;
  return {
    spec: config.spec,
    graphs,
    weights: initialWeights({ spec: config.spec, initializerRange: config.initializerRange, padTokenId: config.padTokenId, seed, parameters: graphs.parameters }),
    template: await templateFromConfig(config, tokenizerFolder),
    tokenizerFolder,
    weightsHash: null,
  };
}

function refuseUntrainable({ family, modelType, maxPositions }: ModelSpec, length: number): void {
  if (family === 'gpt-neox') {
    throw new TouchstoneError('usage', `training knows llama, mistral, qwen2, qwen3 and gpt2, found ${modelType}`, { advice: 'It can be scored; train it with the PyTorch tools.' });
  }
  if (length <= maxPositions) return;
  throw new TouchstoneError('usage', `data.length must be at most ${maxPositions} for this model, got ${length}`);
}

interface OpenedData {
  readonly source: RowSource;
  readonly identity: DataIdentity;
  readonly format: SequenceFormat;
  readonly notes: readonly string[];
}

async function openData(options: TrainOptions, { vocabSize }: ModelSpec, tokenizer: Tokenizer): Promise<OpenedData> {
  const { data, objective, selection } = options;
  const { info } = tokenizer;
  if (data.scores === null) {
    const documents = await readDocuments(data.corpus!, data.textField, tokenizer);
    const bos: BosPolicy = data.bos === 'auto' ? (info.addsBos && info.bosId !== null ? 'bos' : 'none') : data.bos;
    const name = await hashCorpus(data.corpus!, data.textField, info.hash);
    const source = streamRows({ name, seed: data.seed, vocabSize, windowTokens: data.windowTokens, open: () => each(documents) });
    return { source, identity: { kind: 'corpus', paths: data.corpus!, sha256: name }, format: documentFormat(data.length, bos, info), notes: [] };
  }
  const selective = objective.kind === 'selective';
  const score = selection.score ?? 'excess';
  const entropy = selective && (score === 'entropy' || score === 'intersection');
  const source = await openScoreSetRows(data.scores, { seed: data.seed, losses: selective, entropy, vocabSize, windowTokens: data.windowTokens, verify: data.verify });
  const { format, notes } = verifyScoreSet(source, { tokenizerHash: info.hash, vocabSize, length: data.length, bos: data.bos, needs: { reference: selective, entropy } });
  if (selective) refuseMisaligned(await alignmentByCounts(source), `${data.scores}, compared with how often tokens occur`);
  const { planHash, modelHash, tokenizerHash, totals } = source.manifest;
  return { source, identity: { kind: 'scores', path: data.scores, planHash, modelHash, tokenizerHash, rows: totals.rows, tokens: totals.tokens }, format, notes };
}

async function* each(documents: readonly TokenizedDocument[]): AsyncGenerator<TokenizedDocument, void, undefined> {
  for (const document of documents) yield await Promise.resolve(document);
}

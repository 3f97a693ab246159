/**
 * Checks scripts/pytorch/selective.py against this program: the selections of test/fixtures/selection/vectors.json, the sequences it makes of a score set, and a
 * few optimizer steps on the same batches - the same tokens kept, the same loss curve.
 *
 * usage: npm run build && TOUCHSTONE_PYTHON=python npx tsx scripts/interop/recipe.ts
 * TOUCHSTONE_PYTHON names a Python with torch, transformers and pyarrow.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { resolveScoreOptions } from '../../src/config/parse-score-options.js';
import { resolveTrainOptions } from '../../src/config/train-settings.js';
import type { score as Score } from '../../src/scoring/score.js';
import { learningRate } from '../../src/math/learning-rate.js';
import type { SelectionOptions } from '../../src/selection/options.js';
import { selectTokens } from '../../src/selection/select-tokens.js';
import { randomScores } from '../../src/selection/random-scores.js';
import type { TrainingBatch } from '../../src/training/data/batch.js';
import { packBatches } from '../../src/training/data/pack-batches.js';
import type { openScoreSetRows as OpenScoreSetRows, ScoreSetRows } from '../../src/training/data/score-set-rows.js';
import { verifyScoreSet } from '../../src/training/data/verify-source.js';
import type { train as Train } from '../../src/training/train.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const REFERENCE = join(ROOT, 'pipelines/demo/model');
const CORPUS = join(ROOT, 'pipelines/demo/corpus.jsonl');
const PYTHON = process.env['TOUCHSTONE_PYTHON'];
const VOCABULARY = 2048;
const LENGTH = 127;
const SEQUENCES = 4;
const ACCUMULATION = 2;
const STEPS = 12;
/** Nats by which two loss curves may differ. */
const TOLERANCE = 1e-3;

const SELECTIONS: Readonly<Record<string, SelectionOptions>> = {
  excess: { score: 'excess', keepFraction: 0.6 },
  'excess by sequence, over all': { score: 'excess', keepFraction: 0.4, scope: 'sequence', denominator: 'all' },
  entropy: { score: 'entropy', keepFraction: 0.5 },
  random: { score: 'random', keepFraction: 0.6 },
};

/** What selective.py is asked to do, and what recipe.py answers. */
interface Answer {
  readonly vectors: number;
  readonly sequences: readonly (readonly number[])[];
  readonly rowsByRank: readonly number[];
  readonly rates: readonly number[];
  readonly refusals: Readonly<Record<'hashed' | 'page' | 'length', string>>;
  readonly files: readonly string[];
  readonly curves: Readonly<Record<string, readonly { readonly loss: number; readonly kept: number; readonly live: readonly (readonly number[])[]; readonly masks: readonly (readonly number[])[] }[]>>;
}

async function main(): Promise<void> {
  if (PYTHON === undefined || PYTHON === '') throw new Error('TOUCHSTONE_PYTHON must name a Python with torch, transformers and pyarrow');
  const folder = await mkdtemp(join(tmpdir(), 'recipe-'));
  try {
    const live = await liveModel(join(folder, 'base'));
    for (const layout of ['document', 'packed'] as const) await checkLayout(join(folder, layout), live, layout);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function checkLayout(folder: string, live: string, layout: 'document' | 'packed'): Promise<void> {
  const run = `${folder}/run`;
  await scoreDemo(run, layout);
  const batches = await takeBatches(await openRows(run, '0'), STEPS * ACCUMULATION);
  const inOrder = await allSequences(await openRows(run, null));
  const request = { run, model: live, length: LENGTH, accumulation: ACCUMULATION, selections: SELECTIONS, batches: batches.map(plain), vectors: join(ROOT, 'test/fixtures/selection/vectors.json') };
  await writeFile(`${folder}/request.json`, JSON.stringify(request));
  const answer = JSON.parse(execFileSync(PYTHON!, [join(ROOT, 'scripts/interop/recipe.py'), `${folder}/request.json`], { encoding: 'utf8', maxBuffer: 2 ** 30, stdio: ['ignore', 'pipe', 'inherit'] })) as Answer;
  console.log(`${layout}: ${answer.vectors} selections as in the vectors`);

  expectEqual(`${layout}: sequences in the order of the corpus`, answer.sequences.map(String), inOrder.map(String));
  const ranks = answer.rowsByRank.slice(1).reduce((sum, rows) => sum + rows, 0);
  expectEqual(`${layout}: rows of three ranks together`, ranks, answer.rowsByRank[0]!);
  console.log(`${layout}: ${inOrder.length} sequences equal, ${answer.rowsByRank.join(', ')} rows in all and by rank`);

  const rates = Array.from({ length: 10 }, (_, step) => learningRate(step, { peak: 1, floor: 0.1, kind: 'cosine', warmupSteps: 3, steps: 10 }));
  expectEqual(`${layout}: learning rates`, answer.rates.map((rate) => rate.toFixed(12)), rates.map((rate) => rate.toFixed(12)));
  expectMatch(`${layout}: what is said of a damaged shard`, answer.refusals.hashed, /part-00000\.parquet must have sha256 [0-9a-f]{64} by the manifest, it has [0-9a-f]{64}/);
  expectMatch(`${layout}: what is said of a damaged page`, answer.refusals.page, /checksum/i);
  expectMatch(`${layout}: what is said of too long sequences`, answer.refusals.length, /--length must be at most 127 for this model, whose 128 positions .* got 128/);
  for (const name of ['config.json', 'model.safetensors', 'tokenizer.json']) if (!answer.files.includes(name)) throw new Error(`${layout}: the trained folder must hold ${name}, it has ${answer.files.join(', ')}`);

  for (const [name, selection] of Object.entries(SELECTIONS)) {
    const ours = await trainDemo(run, live, `${folder}/${name}`, selection);
    let largest = 0;
    answer.curves[name]!.forEach(({ loss, kept, live, masks }, step) => {
      live.forEach((losses, micro) => {
        const mask = maskOf(batches[step * ACCUMULATION + micro]!, Float32Array.from(losses), step, micro, selection);
        expectEqual(`${layout}, ${name}, step ${step + 1}: tokens kept of micro-batch ${micro}`, masks[micro]!.join(''), mask.join(''));
      });
      expectEqual(`${layout}, ${name}, step ${step + 1}: number of tokens kept`, kept, ours[step]!.kept);
      largest = Math.max(largest, Math.abs(loss - ours[step]!.loss));
    });
    if (!(largest <= TOLERANCE)) throw new Error(`${layout}, ${name}: losses must agree within ${TOLERANCE} nats, they differ by ${largest}`);
    console.log(`${layout}, ${name}: ${STEPS} steps, the same tokens kept, losses within ${largest.toExponential(1)} nats (${ours[0]!.loss.toFixed(4)} to ${ours.at(-1)!.loss.toFixed(4)})`);
  }
}

/** Modules that start workers run from the build, and so does what shares the zstd codec with them: one process initializes it once. */
async function built<T>(path: string): Promise<T> {
  return (await import(pathToFileURL(join(ROOT, 'dist', path)).href)) as T;
}

async function scoreDemo(run: string, layout: 'document' | 'packed'): Promise<void> {
  const { score } = await built<{ readonly score: typeof Score }>('scoring/score.js');
  const set = [`corpus.paths=${CORPUS}`, 'corpus.limitDocs=400', 'corpus.unitBytes=80000', `model.path=${REFERENCE}`, `output.run=${run}`, 'output.stats=[entropy]', `windows.layout=${layout}`, `windows.contextLength=${LENGTH + 1}`];
  await score(resolveScoreOptions({ set, flags: {}, cwd: ROOT }));
}

/** A small model some steps into its training: were it the reference model itself, its excess losses would be rounding errors. */
async function liveModel(output: string): Promise<string> {
  const init = {
    model_type: 'llama', vocab_size: VOCABULARY, hidden_size: 64, intermediate_size: 128, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2,
    max_position_embeddings: LENGTH + 1, tie_word_embeddings: false, bos_token_id: 0, eos_token_id: 1,
  };
  const train = await builtTrain();
  const set = [`model.init=${JSON.stringify(init)}`, `tokenizer.path=${REFERENCE}`, `data.corpus=${CORPUS}`, 'objective.kind=causal', 'run.steps=20'];
  return (await train(resolveTrainOptions({ set: [...set, ...stepSettings(output)], flags: {}, cwd: ROOT }))).model;
}

async function trainDemo(run: string, live: string, output: string, selection: SelectionOptions): Promise<{ readonly loss: number; readonly kept: number }[]> {
  const train = await builtTrain();
  const set = ['objective.kind=selective', `model.path=${live}`, `data.scores=${run}`, `run.steps=${STEPS}`, ...Object.entries(selection).map(([key, value]) => `selection.${key}=${String(value)}`)];
  const curve: { loss: number; kept: number }[] = [];
  await train(resolveTrainOptions({ set: [...set, ...stepSettings(output)], flags: {}, cwd: ROOT }), {
    onEvent: (event) => {
      if (event.kind === 'step' && event.metrics.step > 0) curve.push({ loss: event.metrics.loss, kept: event.outcome.trained });
    },
  });
  return curve;
}

async function builtTrain(): Promise<typeof Train> {
  return (await built<{ readonly train: typeof Train }>('training/train.js')).train;
}

const stepSettings = (output: string): string[] => [
  `data.length=${LENGTH}`, `batch.sequences=${SEQUENCES}`, `batch.accumulation=${ACCUMULATION}`, 'optimizer.learningRate=1e-3', 'optimizer.schedule=constant', `output.folder=${output}`,
];

async function openRows(run: string, seed: string | null): Promise<ScoreSetRows> {
  const { openScoreSetRows } = await built<{ readonly openScoreSetRows: typeof OpenScoreSetRows }>('training/data/score-set-rows.js');
  return openScoreSetRows(run, { seed, losses: true, entropy: true, vocabSize: VOCABULARY });
}

async function takeBatches(source: ScoreSetRows, count: number): Promise<TrainingBatch[]> {
  const batches: TrainingBatch[] = [];
  for await (const batch of packBatches(source, { format: formatOf(source), sequences: SEQUENCES, positions: 'all' })) {
    if (batches.push(batch) === count) break;
  }
  return batches;
}

/** Each as its input ids, its last target, and the reference loss of every target. */
async function allSequences(source: ScoreSetRows): Promise<string[][]> {
  const sequences: string[][] = [];
  for await (const { inputIds, targets, reference, eligible } of packBatches(source, { format: formatOf(source), sequences: 1, positions: 'all', epochs: 1 })) {
    sequences.push([...inputIds, targets.at(-1)!].map(String).concat([...reference!].map(exact), [...eligible].map(String)));
  }
  return sequences;
}

/** A float32 as its bits, NaN as one word: what both languages write alike. */
const exact = (value: number): string => (Number.isNaN(value) ? 'nan' : String(new Int32Array(Float32Array.of(value).buffer)[0]));

function formatOf(source: ScoreSetRows): ReturnType<typeof verifyScoreSet>['format'] {
  return verifyScoreSet(source, { tokenizerHash: source.plan.tokenizer.hash, vocabSize: VOCABULARY, length: LENGTH, bos: 'auto', needs: { reference: true, entropy: true } }).format;
}

function plain({ inputIds, targets, reference, entropy, eligible, length }: TrainingBatch): object {
  const lines = Array.from({ length: SEQUENCES }, (_, b) => [...inputIds.subarray(b * length, (b + 1) * length), targets[(b + 1) * length - 1]!]);
  return { inputIds: lines, reference: nulls(reference!), entropy: nulls(entropy!), eligible: [...eligible] };
}

const nulls = (values: Float32Array): (number | null)[] => Array.from(values, (value) => (Number.isNaN(value) ? null : value));

function maskOf(batch: TrainingBatch, liveLoss: Float32Array, step: number, micro: number, selection: SelectionOptions): Uint8Array {
  const random = new Float32Array(liveLoss.length);
  randomScores(0, step, random, micro * random.length);
  return selectTokens({ sequenceOffsets: batch.sequenceOffsets, step, liveLoss, referenceLoss: batch.reference!, entropy: batch.entropy!, random, eligible: batch.eligible }, selection).mask;
}

function expectEqual(what: string, found: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what} must be ${b.slice(0, 300)}, got ${a.slice(0, 300)}`);
}

function expectMatch(what: string, found: string, expected: RegExp): void {
  if (!expected.test(found)) throw new Error(`${what} must match ${expected.source}, got ${found}`);
}

await main();

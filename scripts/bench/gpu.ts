/**
 * Measures scoring on a GPU: tokens a second and the share of the device's peak (MFU, FLOPs counted by score/flops.ts, head included) of the scoring graph,
 * beside transformers + PyTorch (sdpa, chunked cross-entropy) on the same device and the same batches, in turns. Checkpoints of published shapes with random
 * weights are written for it; nothing is fetched. Prints a Markdown table, medians over rounds, ratios as medians of the rounds' ratios.
 *
 *   TOUCHSTONE_PYTHON=python3 npx tsx scripts/bench/gpu.ts [--shapes gpt2-124m,qwen3-0.6b,llama-3.2-1b,llama-3.1-8b] [--batch-tokens 32768] [--rounds 7]
 *                             [--device cuda:0] [--precision float16] [--peak TFLOP/s] [--pipeline llama-3.2-1b] [--folder DIR] [--json]
 *
 * Needs what `touchstone doctor` asks for; TOUCHSTONE_PYTHON names a Python with torch and transformers, without which PyTorch is left out. --peak: of dense
 * float16 products with float32 sums, for devices that are not listed in gpu/peaks.ts. --pipeline: besides, the whole command beside its own batches alone, with
 * that shape (after `npm run build`); 'none' leaves it out. --folder: where there is room for a checkpoint of 16 GB. `--device cpu --shapes tiny` shows that it runs.
 *
 * On a machine without npm: `npx esbuild scripts/bench/gpu.ts --bundle --platform=node --format=esm --external:onnxruntime-node --outfile=gpu.mjs`, and take along
 * Node, node_modules/onnxruntime-node and -common with the CUDA provider in place, and scripts/bench/gpu/pytorch.py beside gpu.mjs; then with --pipeline none.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { device as deviceSetting } from '../../src/config/expectations.js';
import { resolveScoreOptions } from '../../src/config/parse-score-options.js';
import { specFromConfig } from '../../src/model/spec-from-config.js';
import type { Device, Numerics, Precision } from '../../src/records.js';
import { openSession } from '../../src/runtime/session.js';
import { openReferenceModel } from '../../src/scoring/open-reference-model.js';
import { runBatch } from '../../src/scoring/run-batch.js';
import { fullBatch } from './score/bench-batches.js';
import { peakFlops } from './gpu/peaks.js';
import { startGpuPyTorch, type GpuPyTorch } from './gpu/pytorch.js';
import { SHAPES, type BenchShape } from './gpu/shapes.js';
import { describeMachine } from './machine.js';
import { writeRandomModel } from './random-checkpoint.js';
import { neededFlops } from './score/flops.js';
import { writeLongDocuments } from './score/memory.js';
import { pipelineBench, type PipelineRound } from './score/pipeline.js';
import { markdownTable, median, medianRatio, type Figure } from './table.js';

const { values } = parseArgs({
  options: {
    shapes: { type: 'string', default: SHAPES.filter(({ goal }) => goal > 0).map(({ name }) => name).join(',') },
    'batch-tokens': { type: 'string', default: '32768' },
    rounds: { type: 'string', default: '7' },
    device: { type: 'string', default: 'cuda:0' },
    precision: { type: 'string' },
    peak: { type: 'string' },
    pipeline: { type: 'string', default: 'llama-3.2-1b' },
    folder: { type: 'string', default: tmpdir() },
    json: { type: 'boolean', default: false },
  },
});
const DEVICE = deviceOf(values.device);
const NUMERICS: Numerics = { device: DEVICE.kind, precision: (values.precision as Precision | undefined) ?? (DEVICE.kind === 'cuda' ? 'float16' : 'float32') };
const BATCH_TOKENS = Number(values['batch-tokens']);
const ROUNDS = Number(values.rounds);
const PYTHON = process.env['TOUCHSTONE_PYTHON'];
const TERA = 1e12;
/** Edge of the square product by which PyTorch tells what the device reaches. */
const ROOF_SIZE = DEVICE.kind === 'cuda' ? 8192 : 1024;

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

function deviceOf(text: string): Device {
  const choice = deviceSetting().parse(text);
  if (choice.kind === 'auto') throw new Error(`--device must be cpu or one CUDA device, got ${text}`);
  return choice.kind === 'cpu' ? choice : { kind: 'cuda', id: choice.ids[0]! };
}

interface ShapeResult {
  readonly figures: readonly Figure[];
  readonly about: GpuPyTorch['about'] | null;
}

async function main(): Promise<void> {
  const names = values.shapes.split(',');
  const shapes = names.map((name) => {
    const shape = SHAPES.find((known) => known.name === name);
    if (shape === undefined) throw new Error(`--shapes must list any of ${SHAPES.map((known) => known.name).join(', ')}, got ${name}`);
    return shape;
  });
  const results: ShapeResult[] = [];
  for (const shape of shapes) {
    const folder = await mkdtemp(join(values.folder, 'gpu-bench-'));
    try {
      const { about, figures, rate } = await measure(shape, folder);
      results.push({ about, figures: shape.name === values.pipeline ? [...figures, await wholePipeline(shape, folder, rate)] : figures });
    } finally {
      await rm(folder, { recursive: true });
    }
  }
  report(results);
}

/** Both sides hold their model on the device at once, and take turns. */
async function measure(shape: BenchShape, folder: string): Promise<ShapeResult & { /** Tokens a second. */ readonly rate: number }> {
  const { name, length, config } = shape;
  const { spec } = specFromConfig(config, name);
  say(`${name}: writing a random checkpoint`);
  await writeRandomModel(folder, config, 'F16');
  const sequences = Math.max(1, Math.floor(BATCH_TOKENS / length));
  const { batch, tokens } = fullBatch(sequences, length, spec.vocabSize);
  const flops = neededFlops(spec, batch);

  say(`${name}: loading`);
  const reference = await openReferenceModel(folder, { entropy: false, top1: false });
  const session = await openSession({ device: DEVICE, ...(await reference.graph(length, NUMERICS)), threads: availableParallelism(), spin: true });
  const pytorch = PYTHON === undefined ? null : await startGpuPyTorch(PYTHON, folder, DEVICE, NUMERICS.precision);
  try {
    const { losses } = await runBatch(session, batch);
    const theirs = await pytorch?.losses(batch);
    const differences = theirs?.map((loss, at) => Math.abs(loss - losses.loss[at]!)) ?? [];
    const roof = (await pytorch?.roof(ROOF_SIZE)) ?? null;
    const ours: number[] = [];
    const others: number[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      say(`${name}: round ${round} of ${ROUNDS}`);
      const started = performance.now();
      await runBatch(session, batch); // the losses are on the host when it returns
      ours.push((performance.now() - started) / 1000);
      if (pytorch !== null) others.push(await pytorch.score(batch));
    }
    const peak = values.peak === undefined ? peakFlops(pytorch?.about.device ?? null) : Number(values.peak) * TERA;
    const figures = figuresOf(shape, { tokens, flops, ours, others, differences, peak, roof, sequences });
    return { about: pytorch?.about ?? null, figures, rate: tokens / median(ours) };
  } finally {
    await session.release();
    await pytorch?.close();
  }
}

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const DEMO_CORPUS = join(REPOSITORY, 'pipelines/demo/corpus.jsonl');
const DEMO_MODEL = join(REPOSITORY, 'pipelines/demo/model');
/** Characters of a document and, about, its tokens by the demo's tokenizer: some windows each. */
const DOCUMENT_CHARACTERS = 16_384;
const DOCUMENT_TOKENS = 6000;
const PIPELINE_SECONDS = 30;
const PIPELINE_ROUNDS = 3;

/** The whole command, from text to Parquet, beside the device alone on the very same batches. `rate`: tokens a second of the device, for choosing the corpus. */
async function wholePipeline({ name, length }: BenchShape, folder: string, rate: number): Promise<Figure> {
  const texts = (await readFile(DEMO_CORPUS, 'utf8')).trimEnd().split('\n').map((line) => (JSON.parse(line) as { text: string }).text);
  const corpus = join(folder, 'corpus.jsonl');
  await writeLongDocuments(corpus, texts, DOCUMENT_CHARACTERS, Math.ceil((rate * PIPELINE_SECONDS) / DOCUMENT_TOKENS));
  const set = [
    `corpus.paths=${corpus}`, 'corpus.unitBytes=8MiB', `model.path=${folder}`, `model.precision=${NUMERICS.precision}`, `tokenizer.path=${DEMO_MODEL}`, `output.run=${join(folder, 'run')}`,
    `windows.contextLength=${length}`, `runtime.device=${values.device}`, `runtime.batchTokens=${BATCH_TOKENS}`,
  ];
  const bench = pipelineBench(resolveScoreOptions({ set, flags: {}, cwd: folder }), availableParallelism());
  const rounds: PipelineRound[] = [];
  for (let round = 1; round <= PIPELINE_ROUNDS; round++) {
    say(`${name}: pipeline, round ${round} of ${PIPELINE_ROUNDS}`);
    rounds.push(await bench.round());
  }
  await bench.release();
  const { documents, tokens, paddingShare } = rounds[0]!;
  const rates = (seconds: (round: PipelineRound) => number): number[] => rounds.map((round) => tokens / seconds(round));
  const [whole, bare] = [rates(({ pipelineSeconds }) => pipelineSeconds), rates(({ bareSeconds }) => bareSeconds)];
  return {
    figure: `${name}: whole pipeline (${documents} documents, ${tokens} tokens, ${(100 * paddingShare).toFixed(1)} % padding), tokens/s`,
    values: whole,
    beside: { name: 'session.run alone', values: bare },
    ratio: medianRatio(whole, bare),
    goal: '>= 0.95',
  };
}

interface Measured {
  readonly tokens: number;
  readonly flops: number;
  /** Seconds a round. */
  readonly ours: readonly number[];
  readonly others: readonly number[];
  /** Nats, token by token. */
  readonly differences: readonly number[];
  /** FLOP/s by the data sheet; null where it is not known. */
  readonly peak: number | null;
  /** FLOP/s of a large product in PyTorch. */
  readonly roof: number | null;
  readonly sequences: number;
}

function figuresOf({ name, length, floor, goal }: BenchShape, { tokens, flops, ours, others, differences, peak, roof, sequences }: Measured): Figure[] {
  const what = `${name}, B = ${sequences}, T = ${length}`;
  const rates = (seconds: readonly number[], work: number): number[] => seconds.map((value) => work / value);
  const aside = others.length === 0 ? 'PyTorch left out: TOUCHSTONE_PYTHON is not set' : null;
  const agreement = `losses: mean ${mean(differences).toExponential(1)}, at most ${Math.max(...differences).toExponential(1)} nats apart`;
  const figures: Figure[] = [
    {
      figure: `${what}: tokens/s`,
      values: rates(ours, tokens),
      beside: aside ?? { name: `PyTorch (${agreement})`, values: rates(others, tokens) },
      ...(aside === null ? { ratio: medianRatio(rates(ours, 1), rates(others, 1)) } : {}),
    },
  ];
  if (roof !== null) {
    figures.push({ figure: `${what}: TFLOP/s`, values: rates(ours, flops / TERA), beside: { name: `a product of ${ROOF_SIZE} x ${ROOF_SIZE} in PyTorch`, values: [roof / TERA] }, ratio: median(rates(ours, flops)) / roof });
  }
  if (peak !== null) {
    const share = (seconds: readonly number[]): number[] => rates(seconds, (100 * flops) / peak);
    figures.push({
      figure: `${what}: MFU, % of ${(peak / TERA).toFixed(0)} TFLOP/s`,
      values: share(ours),
      beside: aside ?? { name: 'PyTorch', values: share(others) },
      goal: `>= ${(100 * floor).toFixed(0)}, goal ${(100 * goal).toFixed(0)}`,
    });
  }
  return figures;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

function report(results: readonly ShapeResult[]): void {
  const machine = describeMachine();
  const about = results.find((result) => result.about !== null)?.about ?? null;
  const figures = results.flatMap((result) => result.figures);
  if (values.json) {
    console.log(JSON.stringify({ machine, about, numerics: NUMERICS, rounds: ROUNDS, figures }));
    return;
  }
  const python = about === null ? '' : `; ${about.device}${about.driver === null ? '' : `, ${about.driver}`}${about.cuda === null ? '' : `, CUDA ${about.cuda}`}; PyTorch ${about.torch}, transformers ${about.transformers}`;
  console.log(`${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB; Node ${machine.node}, onnxruntime ${machine.onnxruntime}, ${NUMERICS.precision} on ${NUMERICS.device}${python}; ${machine.date}; ${ROUNDS} rounds\n`);
  console.log(markdownTable(figures));
}

await main();

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
 * For a machine without npm, gpu/bundle.ts makes a folder of all it needs.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { device as deviceSetting } from '../../src/config/expectations.js';
import { specFromConfig } from '../../src/model/spec-from-config.js';
import type { Numerics, Precision } from '../../src/records.js';
import { chooseDevices, readyDevices } from '../../src/runtime/cuda/choose-devices.js';
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
const chosen = await chooseDevices(deviceSetting().parse(values.device));
const { device: DEVICE, record: RECORD } = chosen.devices[0]!;
const NUMERICS: Numerics = { device: DEVICE.kind, precision: (values.precision as Precision | undefined) ?? (DEVICE.kind === 'cuda' ? 'float16' : 'float32') };
const DEVICE_NAME = RECORD.kind === 'cuda' ? RECORD.name : null;
const BATCH_TOKENS = Number(values['batch-tokens']);
const ROUNDS = Number(values.rounds);
const PYTHON = process.env['TOUCHSTONE_PYTHON'];
const TERA = 1e12;
/** Edge of the square product by which PyTorch tells what the device reaches. */
const ROOF_SIZE = DEVICE.kind === 'cuda' ? 8192 : 1024;

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

interface ShapeResult {
  readonly figures: readonly Figure[];
  readonly about: GpuPyTorch['about'] | null;
}

async function main(): Promise<void> {
  readyDevices(chosen);
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
      results.push({ about, figures: shape.name === values.pipeline ? [...figures, await pipeline(shape, folder, rate)] : figures });
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
  const { batch, tokens } = fullBatch(sequences, length, spec.vocabSize, NUMERICS.device);
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
    const peak = values.peak === undefined ? peakFlops(DEVICE_NAME) : Number(values.peak) * TERA;
    const figures = figuresOf(shape, { tokens, flops, ours, others, differences, peak, roof, sequences });
    return { about: pytorch?.about ?? null, figures, rate: tokens / median(ours) };
  } finally {
    await session.release();
    await pytorch?.close();
  }
}

/** Loaded only when it is asked for: it needs the built program and all of its packages. */
async function pipeline(shape: BenchShape, folder: string, rate: number): Promise<Figure> {
  const { wholePipeline } = await import('./gpu/whole-pipeline.js');
  return await wholePipeline(shape, { folder, device: values.device, precision: NUMERICS.precision, batchTokens: BATCH_TOKENS, rate }, say);
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
    console.log(JSON.stringify({ machine, device: RECORD, about, numerics: NUMERICS, rounds: ROUNDS, figures }));
    return;
  }
  const device = RECORD.kind === 'cpu' ? 'CPU' : `${RECORD.name}, driver ${RECORD.driver ?? 'unknown'}, ${Object.entries(RECORD.libraries).map(([name, version]) => `${name} ${version ?? '?'}`).join(', ')}`;
  const python = about === null ? '' : `; PyTorch ${about.torch}, transformers ${about.transformers}`;
  console.log(`${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB; ${device}; ${NUMERICS.precision}; Node ${machine.node}, onnxruntime ${machine.onnxruntime}${python}; ${machine.date}; ${ROUNDS} rounds\n`);
  console.log(markdownTable(figures));
}

await main();

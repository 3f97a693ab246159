/**
 * Measures scoring: tokens a second of the scoring graph beside transformers + PyTorch and beside the runtime's own matrix products, of int8 beside float32, of the whole
 * pipeline beside the graph alone, and peak memory. A Llama of 134 M random float32 parameters, T = 512. Sides take turns; figures are medians over
 * rounds, ratios medians of the rounds' ratios. Run it on a quiet machine, after `npm run build`.
 *
 *   TOUCHSTONE_PYTHON=python npx tsx scripts/bench/score.ts [--rounds 7] [--threads N] [--quick] [--json]
 *
 * TOUCHSTONE_PYTHON: a Python with torch and transformers; without it PyTorch is left out. --quick: about a minute, to see that everything works.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { resolveScoreOptions } from '../../src/config/parse-score-options.js';
import type { Precision } from '../../src/records.js';
import { openSession, type Session } from '../../src/runtime/session.js';
import { openReferenceModel } from '../../src/scoring/open-reference-model.js';
import type { ScoreOptions } from '../../src/scoring/options.js';
import { loadTokenizer } from '../../src/tokenizer/load-tokenizer.js';
import { fullBatch, raggedBatch, type BenchBatch } from './score/bench-batches.js';
import { neededFlops } from './score/flops.js';
import { describeMachine } from './machine.js';
import { memoryOfBatch, peakOfPyTorch, peakOfScore, writeLongDocuments } from './score/memory.js';
import { pipelineBench, writeCorpus, type PipelineRound } from './score/pipeline.js';
import { startPyTorch } from './score/pytorch.js';
import { SMALL, specOf, writeRandomCheckpoint } from './random-checkpoint.js';
import { openSgemm } from './score/sgemm.js';
import { markdownTable, median, medianRatio, type Figure } from './table.js';
import { memoryIsKnown } from './watched-process.js';
import { measureThroughput, type Throughput } from './score/throughput.js';

const { values } = parseArgs({
  options: { rounds: { type: 'string' }, threads: { type: 'string' }, quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
});
const QUICK = values.quick;
const ROUNDS = Number(values.rounds ?? (QUICK ? 1 : 7));
/** Runs of the whole pipeline, each followed by its batches alone. */
const PIPELINE_ROUNDS = QUICK ? 1 : Math.min(ROUNDS, 3);
const PIPELINE_SECONDS = QUICK ? 3 : 30;
const THREADS = Number(values.threads ?? availableParallelism());
const PYTHON = process.env['TOUCHSTONE_PYTHON'];

const T = 512;
const RAGGED_DOCUMENTS = 16;
const GIGA = 1e9;
const NO_PYTORCH = 'PyTorch left out: TOUCHSTONE_PYTHON is not set';
const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const DEMO_CORPUS = join(REPOSITORY, 'pipelines/demo/corpus.jsonl');
const DEMO_MODEL = join(REPOSITORY, 'pipelines/demo/model');

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'score-bench-'));
  try {
    say('writing a random checkpoint');
    const model = join(folder, 'small');
    await writeRandomCheckpoint(model, SMALL);
    const texts = (await readFile(DEMO_CORPUS, 'utf8')).trimEnd().split('\n').map((line) => (JSON.parse(line) as { text: string }).text);
    const { throughput, versions } = await graphAlone(model, texts);
    const small = await wholePipeline(await smallPipeline(folder, model, throughput), 'the same model, demo corpus');
    const demo = await wholePipeline(resolveScoreOptions({ pipelinePath: 'pipelines/score.tiny.yaml', set: QUICK ? ['corpus.limitDocs=200'] : [], flags: {}, cwd: REPOSITORY }), 'npm run demo');
    const figures = [...throughput.flatMap(throughputFigures), ...small, ...demo, ...(await memory(folder, model, texts))];
    report(figures, versions);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function graphAlone(model: string, texts: readonly string[]): Promise<{ throughput: Throughput[]; versions: Record<string, string> }> {
  const benches = [fullBatch(1, T, SMALL.vocabSize), fullBatch(4, T, SMALL.vocabSize), await documentsBatch(texts)];
  const reference = await openReferenceModel(model, { entropy: false, top1: false });
  const open = async (precision: Precision): Promise<Session> =>
    await openSession({ device: { kind: 'cpu' }, ...(await reference.graph(T, { precision, device: 'cpu' })), threads: THREADS, spin: true });
  const session = await open('float32');
  const int8 = await open('int8');
  const sgemm = await openSgemm(model, SMALL, THREADS);
  const pytorch = PYTHON === undefined ? null : await startPyTorch(PYTHON, model, THREADS);
  const throughput = await measureThroughput({ session, int8, sgemm, pytorch }, benches, ROUNDS, say);
  await session.release();
  await int8.release();
  await sgemm.release();
  await pytorch?.close();
  return { throughput, versions: pytorch === null ? {} : { PyTorch: pytorch.versions.torch, transformers: pytorch.versions.transformers } };
}

async function documentsBatch(texts: readonly string[]): Promise<BenchBatch> {
  const tokenizer = await loadTokenizer(DEMO_MODEL);
  const encoded = await tokenizer.encode(texts.slice(0, RAGGED_DOCUMENTS), { bytes: false });
  return raggedBatch(encoded.map(({ ids }) => ({ kind: 'tokenized', id: '', source: '', hash: '', tokenIds: ids.slice(0, T) })), SMALL.vocabSize);
}

function throughputFigures({ bench: { name, batch, tokens }, rounds, largestDifference }: Throughput): Figure[] {
  const flops = neededFlops(specOf(SMALL), batch) / GIGA;
  const sgemm = { name: 'SGEMM at its shapes', values: rounds.map((round) => round.sgemm / GIGA) };
  const ours = rounds.map(({ seconds }) => 1 / seconds);
  const theirs = rounds.flatMap(({ pytorchSeconds }) => (pytorchSeconds === undefined ? [] : [1 / pytorchSeconds]));
  const tokensOf = (rates: readonly number[]): number[] => rates.map((rate) => rate * tokens);
  const flopsOf = (rates: readonly number[]): number[] => rates.map((rate) => rate * flops);
  const inInt8 = rounds.map(({ int8 }) => 1 / int8.seconds);
  const byProcessor = { exact: rounds.map(({ processorSeconds }) => tokens / processorSeconds), int8: rounds.map(({ int8 }) => tokens / int8.processorSeconds) };
  const approximations: Figure[] = [
    { figure: `${name}: tokens/s in int8`, values: tokensOf(inInt8), beside: { name: 'float32', values: tokensOf(ours) }, ratio: medianRatio(inInt8, ours), goal: '>= 1.8' },
    { figure: `${name}: tokens in int8 by second of processor time`, values: byProcessor.int8, beside: { name: 'float32', values: byProcessor.exact }, ratio: medianRatio(byProcessor.int8, byProcessor.exact) },
  ];
  const padded = tokens < batch.inputIds.length; // counts against the share, whoever pads
  const figures: Figure[] = [
    { figure: `${name}: GFLOP/s`, values: flopsOf(ours), beside: sgemm, ratio: medianRatio(flopsOf(ours), sgemm.values), ...(padded ? {} : { goal: '>= 0.80' }) },
    ...approximations,
  ];
  if (largestDifference === null) return [{ figure: `${name}: tokens/s`, values: tokensOf(ours), beside: NO_PYTORCH, goal: '>= 1.2' }, ...figures];
  return [
    {
      figure: `${name}: tokens/s`,
      values: tokensOf(ours),
      beside: { name: `PyTorch (losses within ${largestDifference.toExponential(0)} nats)`, values: tokensOf(theirs) },
      ratio: medianRatio(ours, theirs),
      goal: '>= 1.2',
    },
    ...figures,
    { figure: `${name}: PyTorch's GFLOP/s`, values: flopsOf(theirs), beside: sgemm, ratio: medianRatio(flopsOf(theirs), sgemm.values) },
  ];
}

/** As many documents of the demo corpus as take the wanted time at the rate just measured. */
async function smallPipeline(folder: string, model: string, throughput: readonly Throughput[]): Promise<ScoreOptions> {
  const { bench, rounds } = throughput.at(-1)!;
  const rate = bench.tokens / median(rounds.map(({ seconds }) => seconds));
  const documents = Math.ceil((rate * PIPELINE_SECONDS) / (bench.tokens / RAGGED_DOCUMENTS));
  const corpus = join(folder, 'corpus.jsonl');
  await writeCorpus(corpus, DEMO_CORPUS, documents);
  const set = [`corpus.paths=${corpus}`, `model.path=${model}`, `tokenizer.path=${DEMO_MODEL}`, `output.run=${join(folder, 'run')}`];
  return resolveScoreOptions({ set, flags: {}, cwd: folder });
}

async function wholePipeline(options: ScoreOptions, name: string): Promise<Figure[]> {
  const bench = pipelineBench(options, THREADS);
  const rounds: PipelineRound[] = [];
  for (let round = 1; round <= PIPELINE_ROUNDS; round++) {
    say(`pipeline, round ${round} of ${PIPELINE_ROUNDS}: ${name}`);
    rounds.push(await bench.round());
  }
  await bench.release();
  const { documents, tokens, paddingShare } = rounds[0]!;
  const rates = (seconds: (round: PipelineRound) => number): number[] => rounds.map((round) => tokens / seconds(round));
  const bare = { name: 'session.run alone', values: rates(({ bareSeconds }) => bareSeconds) };
  const pipeline = rates(({ pipelineSeconds }) => pipelineSeconds);
  const command = rates(({ commandSeconds }) => commandSeconds);
  const what = `${documents} documents, ${tokens} tokens, ${(paddingShare * 100).toFixed(1)} % padding`;
  return [
    { figure: `pipeline, ${name} (${what}): tokens/s`, values: pipeline, beside: bare, ratio: medianRatio(pipeline, bare.values), goal: '>= 0.92' },
    { figure: `pipeline, ${name}, hashing and loading included: tokens/s`, values: command, beside: bare, ratio: medianRatio(command, bare.values) },
  ];
}

const MEMORY_SEQUENCES = 4;
/** The widest head in use: Llama 3's vocabulary. */
const WIDE = { ...SMALL, layers: 1, vocabSize: 128_256 };
const WIDE_SEQUENCES = 16;

async function memory(folder: string, model: string, texts: readonly string[]): Promise<Figure[]> {
  if (!memoryIsKnown) return [{ figure: 'peak memory', values: [], beside: 'this system has no /proc', goal: '<= 0.60' }];
  say('memory: touchstone score');
  const corpus = join(folder, 'long.jsonl');
  await writeLongDocuments(corpus, texts, 4096, QUICK ? 4 : 16);
  const ours = await peakOfScore({ corpus, model, tokenizer: DEMO_MODEL, run: join(folder, 'memory-run'), threads: THREADS, batchTokens: MEMORY_SEQUENCES * T, stride: T - 1 });
  say('memory: PyTorch');
  const theirs = PYTHON === undefined ? null : await peakOfPyTorch(PYTHON, model, THREADS, fullBatch(MEMORY_SEQUENCES, T, SMALL.vocabSize));
  const name = `peak memory of the process, batches of ${MEMORY_SEQUENCES} x ${T}: MiB`;
  const figures: Figure[] = [
    theirs === null
      ? { figure: name, values: [ours], beside: NO_PYTORCH, goal: '<= 0.60' }
      : { figure: name, values: [ours], beside: { name: 'PyTorch', values: [theirs] }, ratio: ours / theirs, goal: '<= 0.60' },
  ];
  const wide = join(folder, 'wide');
  await writeRandomCheckpoint(wide, WIDE);
  for (const entropy of QUICK ? [true] : [false, true]) {
    say(`memory: a vocabulary of ${WIDE.vocabSize}${entropy ? ', with entropy' : ''}`);
    const { loadedMiB, aboveMiB } = await memoryOfBatch(wide, WIDE_SEQUENCES, T, THREADS, entropy);
    const what = `${WIDE_SEQUENCES} x ${T} positions, D = ${WIDE.hiddenSize}, V = ${WIDE.vocabSize}${entropy ? ', with entropy' : ''}`;
    figures.push({ figure: `memory above the loaded model, ${what}: MiB`, values: [aboveMiB], beside: { name: 'loaded', values: [loadedMiB] }, goal: '<= 600' });
  }
  return figures;
}

function report(figures: readonly Figure[], versions: Record<string, string>): void {
  const machine = describeMachine();
  if (values.json) {
    console.log(JSON.stringify({ machine, versions, threads: THREADS, quick: QUICK, figures }));
    return;
  }
  const { processor, cores, memoryGiB, node, onnxruntime, date } = machine;
  const packages = Object.entries(versions).map(([name, version]) => `, ${name} ${version}`).join('');
  console.log(`${processor}, ${cores} cores, ${memoryGiB} GiB; ${THREADS} threads; Node ${node}, onnxruntime ${onnxruntime}${packages}; ${date}; ${ROUNDS} rounds, of the pipeline ${PIPELINE_ROUNDS}\n`);
  console.log(markdownTable(figures));
}

await main();

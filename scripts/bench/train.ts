/**
 * Measures training: the step of `touchstone train` (forward, loss, backward, clipping, AdamW) beside transformers + PyTorch eager on the same model, batches
 * and settings; what keeping half of the tokens saves; what it costs that weights and moments live outside of the graph; and peak memory. A Llama of 10.5 M
 * random float32 parameters. Sides take turns; figures are medians over rounds, ratios medians of the rounds' ratios. Run it on a quiet machine, after `npm run build`.
 *
 *   TOUCHSTONE_PYTHON=python npx tsx scripts/bench/train.ts [--rounds 15] [--threads N] [--quick] [--json]
 *
 * TOUCHSTONE_PYTHON: a Python with torch and transformers; without it PyTorch is left out. --quick: about a minute, to see that everything works.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.js';
import { writeRandomCheckpoint } from './random-checkpoint.js';
import { markdownTable, medianRatio, type Figure } from './table.js';
import { peakOfPyTorch, peakOfTraining } from './train/memory.js';
import { openPyTorchTrainer, type PyTorchTrainer } from './train/pytorch.js';
import { measureStepParts } from './train/state-movement.js';
import { openTrainer, type TimedStep, type Trainer } from './train/trainer.js';
import { TEN_MILLION, trainingBatches, trainOptions, type BatchSize } from './train/workload.js';
import { memoryIsKnown } from './watched-process.js';

const { values } = parseArgs({
  options: { rounds: { type: 'string' }, threads: { type: 'string' }, quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
});
const QUICK = values.quick;
const ROUNDS = Number(values.rounds ?? (QUICK ? 2 : 15));
const MOVEMENT_STEPS = QUICK ? 2 : 8;
const THREADS = Number(values.threads ?? availableParallelism());
const PYTHON = process.env['TOUCHSTONE_PYTHON'];
const SIZES: readonly BatchSize[] = QUICK ? [{ sequences: 8, length: 256 }] : [{ sequences: 8, length: 256 }, { sequences: 4, length: 512 }];

/** Time for the threads of one side to fall asleep before the other begins. */
const PAUSE_MS = 100;
/** In nats, between losses of the two sides after as many steps; more would mean that they do not compute the same. */
const TOLERANCE = 1e-3;
const NO_PYTORCH = 'PyTorch left out: TOUCHSTONE_PYTHON is not set';

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'train-bench-'));
  try {
    say('writing a random checkpoint');
    await writeRandomCheckpoint(folder, TEN_MILLION);
    const versions: Record<string, string> = {};
    const figures: Figure[] = [];
    for (const size of SIZES) {
      figures.push(...(await steps(folder, size, versions)), await stateMovement(folder, size), ...(await memory(folder, size)));
    }
    report(figures, versions);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const nameOf = ({ sequences, length }: BatchSize): string => `B = ${sequences}, T = ${length}`;

/** Every side takes one step a round, on the same batches; the first, in which buffers are made, does not count. */
async function steps(folder: string, size: BatchSize, versions: Record<string, string>): Promise<Figure[]> {
  const batches = await trainingBatches(size, TEN_MILLION.vocabSize, ROUNDS + 1);
  const open = (keepFraction: number | null): Promise<Trainer> => openTrainer(folder, trainOptions(size, keepFraction, THREADS));
  const pytorch: PyTorchTrainer | null = PYTHON === undefined ? null : await openPyTorchTrainer(PYTHON, folder, THREADS);
  if (pytorch !== null) Object.assign(versions, { PyTorch: pytorch.versions.torch, transformers: pytorch.versions.transformers });
  const sides = { causal: await open(null), ...(pytorch === null ? {} : { pytorch }), whole: await open(1), half: await open(0.5) };
  const timed: Record<string, TimedStep[]> = Object.fromEntries(Object.keys(sides).map((side) => [side, []]));
  for (const [round, batch] of batches.entries()) {
    say(`${nameOf(size)}: ${round === 0 ? 'warming up' : `round ${round} of ${ROUNDS}`}`);
    for (const [side, trainer] of Object.entries(sides)) {
      timed[side]!.push(await trainer.step(batch));
      await sleep(PAUSE_MS);
    }
  }
  for (const trainer of Object.values(sides)) await trainer.close();
  return stepFigures(nameOf(size), timed);
}

function stepFigures(name: string, timed: Readonly<Record<string, readonly TimedStep[]>>): Figure[] {
  const milliseconds = (side: string): number[] => timed[side]!.slice(1).map(({ seconds }) => seconds * 1000);
  const busy = (side: string): number[] => timed[side]!.slice(1).map(({ cpuSeconds }) => cpuSeconds * 1000);
  const selective: Figure = {
    figure: `${name}: ms a step, keepFraction 0.5`,
    values: milliseconds('half'),
    beside: { name: 'keepFraction 1', values: milliseconds('whole') },
    ratio: medianRatio(milliseconds('half'), milliseconds('whole')),
  };
  const selecting: Figure = {
    figure: `${name}: ms a step, keepFraction 1`,
    values: milliseconds('whole'),
    beside: { name: 'causal', values: milliseconds('causal') },
    ratio: medianRatio(milliseconds('whole'), milliseconds('causal')),
  };
  if (!('pytorch' in timed)) return [{ figure: `${name}: ms a step`, values: milliseconds('causal'), beside: NO_PYTORCH, goal: '<= 1.1' }, selecting, selective];
  const difference = Math.max(...timed['causal']!.map(({ loss }, step) => Math.abs(loss - timed['pytorch']![step]!.loss)));
  if (!(difference <= TOLERANCE)) throw new Error(`${name}: both sides must lose the same within ${TOLERANCE} nats at every step, found a difference of ${difference}`);
  return [
    {
      figure: `${name}: ms a step`,
      values: milliseconds('causal'),
      beside: { name: `PyTorch (losses of ${ROUNDS + 1} steps within ${difference.toExponential(0)} nats)`, values: milliseconds('pytorch') },
      ratio: medianRatio(milliseconds('causal'), milliseconds('pytorch')),
      goal: '<= 1.1',
    },
    {
      figure: `${name}: ms of processor time a step`,
      values: busy('causal'),
      beside: { name: 'PyTorch', values: busy('pytorch') },
      ratio: medianRatio(busy('causal'), busy('pytorch')),
    },
    selecting,
    selective,
  ];
}

async function stateMovement(folder: string, size: BatchSize): Promise<Figure> {
  say(`${nameOf(size)}: moving weights and moments`);
  const batches = await trainingBatches(size, TEN_MILLION.vocabSize, MOVEMENT_STEPS + 1);
  const outside = async (inPlace: boolean): Promise<number[]> => {
    const parts = await measureStepParts(folder, trainOptions(size, null, THREADS), batches, inPlace);
    return parts.map(({ step, graph }) => (1 - graph / step) * 100);
  };
  const inPlace = await outside(true);
  return {
    figure: `${nameOf(size)}: outside of the graph, % of the step`,
    values: inPlace,
    beside: { name: 'weights and moments fetched as copies', values: await outside(false) },
    goal: '<= 10',
  };
}

async function memory(folder: string, size: BatchSize): Promise<Figure[]> {
  const name = `${nameOf(size)}: peak memory of the process, MiB`;
  if (!memoryIsKnown) return [{ figure: name, values: [], beside: 'this system has no /proc', goal: '<= 1.2' }];
  say(`${nameOf(size)}: memory`);
  const ours = await peakOfTraining(folder, size, THREADS, null);
  const half: Figure = { figure: `${name}, keepFraction 0.5`, values: [await peakOfTraining(folder, size, THREADS, 0.5)], beside: { name: 'causal', values: [ours] } };
  if (PYTHON === undefined) return [{ figure: name, values: [ours], beside: NO_PYTORCH, goal: '<= 1.2' }, half];
  const theirs = await peakOfPyTorch(PYTHON, folder, size, THREADS);
  return [{ figure: name, values: [ours], beside: { name: 'PyTorch', values: [theirs] }, ratio: ours / theirs, goal: '<= 1.2' }, half];
}

function report(figures: readonly Figure[], versions: Record<string, string>): void {
  const machine = describeMachine();
  if (values.json) {
    console.log(JSON.stringify({ machine, versions, threads: THREADS, quick: QUICK, shape: TEN_MILLION, figures }));
    return;
  }
  const { processor, cores, memoryGiB, node, onnxruntime, date } = machine;
  const packages = Object.entries(versions).map(([name, version]) => `, ${name} ${version}`).join('');
  const { layers, hiddenSize, heads, intermediateSize, vocabSize } = TEN_MILLION;
  console.log(`${processor}, ${cores} cores, ${memoryGiB} GiB; ${THREADS} threads; Node ${node}, onnxruntime ${onnxruntime}${packages}; ${date}; ${ROUNDS} rounds`);
  console.log(`Llama of ${layers} layers, hidden ${hiddenSize}, ${heads} heads, intermediate ${intermediateSize}, V = ${vocabSize}, float32\n`);
  console.log(markdownTable(figures));
}

await main();

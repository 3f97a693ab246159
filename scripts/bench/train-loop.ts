/**
 * Measures what it costs on CPU to keep weights and moments inside of the runtime for several steps (run.stepsPerTransfer), which is meant for devices that have
 * memory of their own: processor time a step and peak memory, beside single steps that update them in place. The Llama of train.ts, causal. Sides take turns;
 * ratios are medians of the rounds' ratios. All of them end with the same loss, or the bench stops.
 *
 *   npx tsx scripts/bench/train-loop.ts [--rounds 4] [--sequences 4] [--length 128] [--steps 8] [--threads N]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { TrainingBatch } from '../../src/training/data/batch.js';
import { describeMachine } from './machine.js';
import { writeRandomCheckpoint } from './random-checkpoint.js';
import { markdownTable, medianRatio, type Figure } from './table.js';
import { peakOfTraining } from './train/memory.js';
import { openTrainer, type Trainer } from './train/trainer.js';
import { TEN_MILLION, trainingBatches, trainOptions } from './train/workload.js';
import { memoryIsKnown } from './watched-process.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '4' }, sequences: { type: 'string', default: '4' }, length: { type: 'string', default: '128' }, steps: { type: 'string', default: '8' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
});
const [ROUNDS, STEPS, THREADS] = [values.rounds, values.steps, values.threads].map(Number) as [number, number, number];
const size = { sequences: Number(values.sequences), length: Number(values.length) };

interface Side {
  readonly trainer: Trainer;
  readonly stepsPerCall: number;
  /** By round: milliseconds of processor time a step. */
  readonly cpuMs: number[];
  loss: number;
}

async function round(side: Side, batches: readonly TrainingBatch[]): Promise<void> {
  let cpuSeconds = 0;
  for (let at = 0; at < batches.length; at += side.stepsPerCall) {
    const done = await side.trainer.step(...batches.slice(at, at + side.stepsPerCall));
    cpuSeconds += done.cpuSeconds;
    side.loss = done.loss;
  }
  side.cpuMs.push((cpuSeconds * 1000) / batches.length);
}

const folder = await mkdtemp(join(tmpdir(), 'train-loop-bench-'));
try {
  await writeRandomCheckpoint(folder, TEN_MILLION);
  const open = async (stepsPerTransfer: number, stepsPerCall: number): Promise<Side> => ({ trainer: await openTrainer(folder, trainOptions(size, null, THREADS, stepsPerTransfer)), stepsPerCall, cpuMs: [], loss: NaN });
  const [inPlace, one, several] = [await open(1, 1), await open(STEPS, 1), await open(STEPS, STEPS)];
  const batches = await trainingBatches(size, TEN_MILLION.vocabSize, (ROUNDS + 1) * STEPS);
  for (let at = 0; at <= ROUNDS; at++) {
    for (const side of [inPlace, one, several]) await round(side, batches.slice(at * STEPS, (at + 1) * STEPS));
    const losses = new Set([inPlace, one, several].map(({ loss }) => loss));
    if (losses.size > 1) throw new Error(`all sides must have the same loss after round ${at}, found ${[...losses].join(', ')}`);
  }
  for (const { trainer } of [inPlace, one, several]) await trainer.close();

  const counted = ({ cpuMs }: Side): number[] => cpuMs.slice(1); // the first round makes the buffers
  const beside = { name: 'single steps, in place', values: counted(inPlace) };
  const timed = (figure: string, side: Side): Figure => ({ figure: `ms of processor time a step, ${figure}`, values: counted(side), beside, ratio: medianRatio(counted(side), counted(inPlace)) });
  const figures: Figure[] = [timed('a Loop of 1', one), timed(`a Loop of ${STEPS}`, several)];
  if (memoryIsKnown) {
    const single = await peakOfTraining(folder, size, THREADS, null);
    const looped = await peakOfTraining(folder, size, THREADS, null, STEPS);
    figures.push({ figure: `peak memory of the process, MiB, a Loop of ${STEPS}`, values: [looped], beside: { name: 'single steps, in place', values: [single] }, ratio: looped / single });
  }
  const { processor, cores, node, onnxruntime, date } = describeMachine();
  console.log(`${processor}, ${cores} cores; Node ${node}, onnxruntime ${onnxruntime}; ${date}; ${THREADS} threads, B = ${size.sequences}, T = ${size.length}, ${ROUNDS} rounds\n\n${markdownTable(figures)}`);
} finally {
  await rm(folder, { recursive: true });
}

import { fileURLToPath } from 'node:url';
import { watchedNode } from '../watched-process.js';
import { openPyTorchTrainer } from './pytorch.js';
import { TEN_MILLION, trainingBatches, type BatchSize } from './workload.js';

const STEPS_PROCESS = fileURLToPath(new URL('steps.process.ts', import.meta.url));
/** By the third step every buffer has been made. */
const STEPS = 4;

/** Largest resident set of a process that trains as `touchstone train` does; keepFraction null = on every token. Several steps a call: two calls. */
export async function peakOfTraining(folder: string, { sequences, length }: BatchSize, threads: number, keepFraction: number | null, stepsPerCall = 1): Promise<number> {
  const args = [folder, sequences, length, threads, stepsPerCall === 1 ? STEPS : 2 * stepsPerCall, stepsPerCall, ...(keepFraction === null ? [] : [keepFraction])].map(String);
  return (await watchedNode([...process.execArgv, STEPS_PROCESS, ...args])).peakMiB;
}

/** Largest resident set of a process that takes the same steps with PyTorch. */
export async function peakOfPyTorch(python: string, folder: string, size: BatchSize, threads: number): Promise<number> {
  const pytorch = await openPyTorchTrainer(python, folder, threads);
  for (const batch of await trainingBatches(size, TEN_MILLION.vocabSize, STEPS)) await pytorch.step(batch);
  const peak = await pytorch.peakMiB();
  await pytorch.close();
  return peak;
}

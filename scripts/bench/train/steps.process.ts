/**
 * A process of its own, started with CHECKPOINT SEQUENCES LENGTH THREADS STEPS STEPS_PER_CALL [KEEP_FRACTION]: trains a few steps as `touchstone train` does, on every
 * token or selectively, and ends.
 */
import { TEN_MILLION, trainingBatches, trainOptions } from './workload.js';
import { openTrainer } from './trainer.js';

const [folder, sequences, length, threads, steps, stepsPerCall, keepFraction] = process.argv.slice(2) as [string, string, string, string, string, string, string?];
const size = { sequences: Number(sequences), length: Number(length) };
const trainer = await openTrainer(folder, trainOptions(size, keepFraction === undefined ? null : Number(keepFraction), Number(threads), Number(stepsPerCall)));
const batches = await trainingBatches(size, TEN_MILLION.vocabSize, Number(steps));
while (batches.length > 0) await trainer.step(...batches.splice(0, Number(stepsPerCall)));
await trainer.close();

/**
 * A process of its own, started with CHECKPOINT SEQUENCES LENGTH THREADS [entropy]: loads the checkpoint, scores one batch, and prints the memory this took
 * above the loaded model. Pages of the weight file that were first touched meanwhile are weights: the embedding is looked up before anything else, so all
 * of them are there when memory peaks.
 */
import { openSession } from '../../../src/runtime/session.js';
import { openReferenceModel } from '../../../src/scoring/open-reference-model.js';
import { runBatch } from '../../../src/scoring/run-batch.js';
import { fullBatch } from './bench-batches.js';
import { forgetPeak, residentSet } from '../resident-set.js';

const [folder, sequences, length, threads, entropy] = process.argv.slice(2) as [string, string, string, string, string?];
const model = await openReferenceModel(folder, { entropy: entropy === 'entropy', top1: false });
const session = await openSession({ device: { kind: 'cpu' }, ...(await model.graph(Number(length), { precision: 'float32', device: 'cpu' })), threads: Number(threads), spin: false });
const { batch } = fullBatch(Number(sequences), Number(length), model.vocabSize);
forgetPeak();
const before = residentSet('self')!;
await runBatch(session, batch);
const after = residentSet('self')!;
const weights = after.filesMiB - before.filesMiB;
console.log(JSON.stringify({ loadedMiB: before.nowMiB + weights, aboveMiB: after.peakMiB - before.nowMiB - weights }));
await session.release();

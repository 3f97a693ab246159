import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { messageOf, TouchstoneError } from '../errors.js';
import { hashCheckpoint } from '../model/hash-checkpoint.js';
import type { ComputeDevice, Numerics, Precision, TokenizedDocument } from '../records.js';
import type { Plan } from '../run/plan.js';
import { AllDevicesLost, deviceLabel } from '../runtime/device-faults.js';
import { openSessionPool, type SessionPool } from '../runtime/session-pool.js';
import { scatterLosses } from '../windows/batch.js';
import { batches } from '../windows/batches.js';
import type { OpenDocument } from '../windows/open-document.js';
import { batchOptions } from './batching.js';
import { openReferenceModel } from './open-reference-model.js';
import type { ReferenceModel } from './reference-model.js';
import { runBatch } from './run-batch.js';

/** Texts as token ids of the demo checkpoint, and the losses it gave them in float32 on a CPU. Made by scripts/demo/make-self-test.ts. */
export interface Golden {
  /** hashCheckpoint of the checkpoint. */
  readonly modelHash: string;
  readonly bosId: number;
  readonly contextLength: number;
  readonly stride: number;
  readonly texts: readonly { readonly tokenIds: readonly number[]; /** Nats. */ readonly losses: readonly number[] }[];
}

/** The checkpoint that comes with the program. */
export const GOLDEN_MODEL = fileURLToPath(new URL('../../pipelines/demo/model', import.meta.url));
export const GOLDEN_FILE = fileURLToPath(new URL('../../pipelines/demo/self-test.json', import.meta.url));

/** Nats. */
interface Tolerance {
  /** For any one token. */
  readonly token: number;
  /** For the mean difference over all tokens. */
  readonly mean: number;
}

/**
 * A device that works is inside by a factor of five, one that multiplies wrongly far outside: a wrong weight, row or position costs nats.
 * float32: other kernels add up in another order, which moves losses of this model by some 1e-6; the 10 bits of TF32 move them by 1e-3, which is to be noticed.
 * float16 and int8: measured against float32 on these texts, with the same graphs on a CPU, 0.090 and 0.230 at most, 0.0054 and 0.0159 in the mean. The float16 kernels of
 * that CPU added products up in float16, which costs more than CUDA's sums in float32.
 */
export const TOLERANCE: Readonly<Record<Precision, Tolerance>> = {
  float32: { token: 1e-4, mean: 2e-5 },
  float16: { token: 0.5, mean: 0.03 },
  int8: { token: 1.2, mean: 0.08 },
};

const NO_STATS = { entropy: false, top1: false, bytes: false };
/** A GPU newer than the runtime compiles its kernels at the first run, which takes minutes. */
const RUN_TIMEOUT_MS = 15 * 60_000;
/** Few enough for any device, and enough to hold several sequences. */
const BATCH_TOKENS = 1024;

/**
 * Scores the golden texts on each device, with the graph and the precision of a run, and compares every loss with that of a CPU: a device, driver or library that computes
 * something else must not write a single row.
 * @throws TouchstoneError ('io') that names device, token, expected and found loss
 */
export async function selfTest(devices: readonly ComputeDevice[], numerics: Numerics, goldenFile = GOLDEN_FILE): Promise<void> {
  const golden = await readGolden(goldenFile);
  const model = await openReferenceModel(GOLDEN_MODEL, NO_STATS);
  const { sha256 } = await hashCheckpoint(model);
  if (sha256 !== golden.modelHash) {
    throw new TouchstoneError('io', `the self-test's checkpoint ${GOLDEN_MODEL} must have the hash ${golden.modelHash}, it has ${sha256}`, { advice: 'Install the program again: its files have changed.' });
  }
  const tests = await Promise.allSettled(devices.map((device) => testDevice(device, numerics, golden, model)));
  const failed = tests.find((test) => test.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

async function testDevice(computer: ComputeDevice, numerics: Numerics, golden: Golden, model: ReferenceModel): Promise<void> {
  try {
    await compareLosses(computer, numerics, golden, model);
  } catch (error) {
    // Of the devices that were asked for it is one; the pool knew no other.
    throw error instanceof AllDevicesLost ? new TouchstoneError(error.kind, `${titleOf(computer)} is lost in the self-test: ${error.reasons}`, { advice: error.advice!, cause: error }) : error;
  }
}

function titleOf({ device, record }: ComputeDevice): string {
  return `${deviceLabel(device)}${record.kind === 'cuda' ? ` (${record.name}, driver ${record.driver ?? 'unknown'})` : ''}`;
}

async function compareLosses(computer: ComputeDevice, numerics: Numerics, golden: Golden, model: ReferenceModel): Promise<void> {
  const { device } = computer;
  const sessions = await openSessionPool([{ ...(await model.graph(golden.contextLength, numerics)), device, threads: 1, spin: false }], { runTimeoutMs: RUN_TIMEOUT_MS });
  try {
    const losses = await goldenLosses(sessions, numerics, golden, model.vocabSize);
    const fault = firstFault(golden, losses, TOLERANCE[numerics.precision]);
    if (fault === undefined) return;
    throw new TouchstoneError('io', `${titleOf(computer)} fails the self-test in ${numerics.precision}: ${fault}`, {
      advice: 'It computes something else than a CPU does. touchstone doctor checks driver and libraries; try --precision float32, another device, or --device cpu.',
    });
  } finally {
    await sessions.close();
  }
}

/** The losses of the golden texts, by text and token. */
export async function goldenLosses(sessions: SessionPool, numerics: Numerics, { bosId, contextLength, stride, texts }: Omit<Golden, 'modelHash'>, vocabSize: number): Promise<Float32Array[]> {
  const windows: Plan['windows'] = { layout: 'document', contextLength, stride, bos: 'bos', bosId, eosId: null };
  const options = batchOptions({ windows, model: { device: numerics.device, vocabSize }, output: { stats: NO_STATS } }, BATCH_TOKENS);
  const documents: OpenDocument[] = [];
  for await (const batch of batches(asDocuments(texts), options, (document) => { documents.push(document); })) {
    scatterLosses(batch, (await runBatch(sessions, batch)).losses);
  }
  return documents.map((document) => document.finish().refLoss);
}

async function* asDocuments(texts: Golden['texts']): AsyncGenerator<TokenizedDocument, void, undefined> {
  for (const [at, { tokenIds }] of texts.entries()) {
    yield await Promise.resolve({ kind: 'tokenized', id: String(at), source: '', hash: '', tokenIds: Int32Array.from(tokenIds) });
  }
}

/** What is off, as a sentence that begins with the first token; undefined where nothing is. */
function firstFault({ texts }: Golden, found: readonly Float32Array[], tolerance: Tolerance): string | undefined {
  let first: string | undefined;
  let faults = 0;
  let tokens = 0;
  let sum = 0;
  for (const [text, { losses }] of texts.entries()) {
    for (const [token, expected] of losses.entries()) {
      const is = found[text]?.[token] ?? NaN;
      const difference = Math.abs(is - expected); // NaN where there is no loss
      tokens++;
      sum += difference;
      if (difference <= tolerance.token) continue;
      faults++;
      first ??= `token ${token} of text ${text} must have a loss of ${expected.toFixed(5)} nats within ${tolerance.token}, got ${is.toFixed(5)}`;
    }
  }
  if (first !== undefined) return `${first}; ${faults} of ${tokens} tokens are off`;
  return sum / tokens <= tolerance.mean ? undefined : `the ${tokens} losses must differ from those of a CPU by at most ${tolerance.mean} nats in the mean, got ${(sum / tokens).toPrecision(3)}`;
}

async function readGolden(path: string): Promise<Golden> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Golden;
  } catch (error) {
    throw new TouchstoneError('io', `the self-test's losses cannot be read from ${path}: ${messageOf(error)}`, { advice: 'Install the program again.', cause: error });
  }
}

import { TouchstoneError } from '../../errors.js';
import type { Precision } from '../../records.js';
import type { Calibration } from '../../run/calibration-record.js';
import { DeviceLost, DeviceOutOfMemory, ModelTooLarge, type LostDevice } from '../../runtime/device-faults.js';
import type { SessionPool } from '../../runtime/session-pool.js';
import { mapOrdered } from '../../stream/map-ordered.js';
import { scatterLosses, type Batch } from '../../windows/batch.js';
import { batches, type BatchOptions } from '../../windows/batches.js';
import type { OpenDocument } from '../../windows/open-document.js';
import { runBatch, type ScoredBatch } from '../run-batch.js';
import { inTurn } from '../../stream/in-turn.js';
import { lossErrors, type DocumentLosses } from './loss-errors.js';
import type { Sample } from './sample.js';

export interface CalibrationContext {
  readonly precision: Precision;
  /** Sessions of the model in float32, and in the precision. The one are closed before the others are opened. */
  readonly openExact: () => Promise<SessionPool>;
  readonly openApproximate: () => Promise<SessionPool>;
  readonly batches: BatchOptions;
  /** Whether the user has said how many tokens may stay without a finite loss; the run will hold them to it. */
  readonly nonfiniteLimited: boolean;
  /** Called where a device breaks, and its batch is computed by another. */
  readonly onDeviceLost: (lost: LostDevice) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Scores a sample in both precisions and compares. Depends on the sample, the model and the kind of processor alone: sums are taken in the order of the documents.
 * Where the model does not fit into a device in float32, which takes twice the memory of float16, nothing is compared, and the result says so.
 * @throws TouchstoneError ('data') if tokens with a finite loss in float32 have none in the precision, unless such tokens are limited by the user
 */
export async function calibrate(sample: Sample, { precision, openExact, openApproximate, ...context }: CalibrationContext): Promise<Calibration> {
  const exact = await scored(sample, openExact, context).catch((error: unknown) => {
    if (error instanceof ModelTooLarge || error instanceof DeviceOutOfMemory) return error;
    throw error;
  });
  if (exact instanceof TouchstoneError) return notCompared(exact.message);
  const approximate = await scored(sample, openApproximate, context);
  const { lost, ...errors } = lossErrors(exact.losses, approximate.losses);
  if (lost > 0 && !context.nonfiniteLimited) throw outOfRange(precision, lost, lost + errors.tokens);
  return { documents: sample.documents, ...errors, nonfinite: { float32: exact.nonfinite, approximate: approximate.nonfinite } };
}

function notCompared(reason: string): Calibration {
  const none = { meanError: null, maxError: null, bias: null, changedSelection: null };
  return { documents: 0, tokens: 0, ...none, nonfinite: { float32: 0, approximate: 0 }, notCompared: reason };
}

interface ScoredSample {
  readonly losses: DocumentLosses;
  readonly nonfinite: number;
}

type ScoringContext = Pick<CalibrationContext, 'batches' | 'onDeviceLost' | 'signal'>;

async function scored({ sequences }: Sample, open: () => Promise<SessionPool>, { batches: options, onDeviceLost, signal }: ScoringContext): Promise<ScoredSample> {
  const sessions = await open();
  const computed = async (batch: Batch): Promise<ScoredBatch> => {
    for (;;) {
      try {
        return await runBatch(sessions, batch);
      } catch (error) {
        if (!(error instanceof DeviceLost)) throw error; // with the last device the pool says something else
        onDeviceLost(error);
      }
    }
  };
  try {
    const documents: OpenDocument[] = [];
    let nonfinite = 0;
    const made = batches(inTurn(sequences), options, (document) => { documents.push(document); });
    for await (const { batch, losses } of mapOrdered(made, sessions.concurrency + 1, computed)) {
      signal?.throwIfAborted();
      nonfinite += scatterLosses(batch, losses);
    }
    return { losses: documents.map((document) => document.finish().refLoss), nonfinite };
  } finally {
    await sessions.close();
  }
}

function outOfRange(precision: Precision, lost: number, tokens: number): TouchstoneError {
  return new TouchstoneError('data', `${lost} of ${tokens} tokens of the calibration sample have a finite loss in float32 and none in ${precision}: the model leaves the range of ${precision}`, {
    advice: 'Nothing was scored. Use --precision float32, and another --out, since the precision is part of the plan; or say with --max-nonfinite how many tokens may stay without a loss.',
  });
}

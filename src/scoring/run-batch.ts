import { TouchstoneError, messageOf } from '../errors.js';
import type { Device } from '../records.js';
import { DeviceOutOfMemory } from '../runtime/device-faults.js';
import type { TensorData, Tensors } from '../runtime/protocol.js';
import type { SessionPool } from '../runtime/session-pool.js';
import type { Batch, TokenLosses } from '../windows/batch.js';

export interface ScoredBatch {
  readonly batch: Batch;
  readonly losses: TokenLosses;
}

/** A batch as the scoring graph's inputs. */
export function batchFeeds({ inputIds, sequences, length, rows, targets, chunks, chunkRows }: Batch): Tensors {
  return {
    input_ids: { dtype: 'int32', dims: [sequences, length], data: inputIds },
    rows: { dtype: 'int32', dims: [chunks, chunkRows], data: rows },
    targets: { dtype: 'int32', dims: [chunks, chunkRows], data: targets },
  };
}

/** Sends a batch through a session of the scoring graph; `onDevice` is told what computed it. */
export async function runBatch(sessions: Pick<SessionPool, 'run'>, batch: Batch, onDevice?: (device: Device) => void): Promise<ScoredBatch> {
  const { sequences, length } = batch;
  let outputs: Tensors;
  try {
    outputs = await sessions.run(batchFeeds(batch), onDevice);
  } catch (error) {
    if (error instanceof DeviceOutOfMemory) throw error.onBatch(`a batch of ${sequences} sequences of ${length} tokens`);
    if (error instanceof TouchstoneError) throw error;
    throw new TouchstoneError('retryable', `the reference model failed on a batch of ${sequences} sequences of ${length} tokens: ${messageOf(error)}`, {
      advice: 'If memory ran out, lower runtime.batchTokens; else run the same command again.',
      cause: error,
    });
  }
  const { loss, entropy, top1 } = outputs;
  return {
    batch,
    losses: {
      loss: loss!.data as Float32Array,
      ...(entropy === undefined ? {} : { entropy: entropy.data as Float32Array }),
      ...(top1 === undefined ? {} : { top1: asBytes(top1) }),
    },
  };
}

function asBytes({ data }: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

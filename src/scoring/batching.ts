import { createHash } from 'node:crypto';
import { TouchstoneError } from '../errors.js';
import { HEAD_CHUNKS } from '../graph/layers/unrolled-loss-head.js';
import type { DeviceKind } from '../records.js';
import { prefixId, type Plan } from '../run/plan.js';
import type { BatchShapes } from '../windows/batch-shape.js';
import { largestBatches, type BatchOptions } from '../windows/batches.js';
import type { Batch } from '../windows/batch.js';
import type { PackOptions } from '../windows/pack.js';

/** Positions that keep the products of a model large enough for the device; more would only take memory. */
const BATCH_TOKENS: Readonly<Record<DeviceKind, number>> = { cpu: 4096, cuda: 32768 };

/** Turns 'auto' into a number of positions a batch may have. */
export function resolveBatchTokens(batchTokens: number | 'auto', device: DeviceKind): number {
  return batchTokens === 'auto' ? BATCH_TOKENS[device] : batchTokens;
}

/** Elements of the [rows, V] logits a head chunk may have on the CPU: 32 Mi float32 are 128 MiB, of which there are two to three. */
const CHUNK_ELEMENTS = 1 << 25;
/** 128 to 1024 rows take the same time; at a vocabulary of 32,000 and with entropy, 512 rows peaked at 130 MiB more. */
const CHUNK_ROWS = 256;

/** Rows the loss head works on at once on the CPU. */
export function headChunkRows(vocabSize: number): number {
  return Math.max(1, Math.min(CHUNK_ROWS, Math.floor(CHUNK_ELEMENTS / vocabSize)));
}

/** CUDA kernels count the elements of a chunk's logits in 32 bits. */
const CUDA_CHUNK_ELEMENTS = 2 ** 31;

/** What of a plan says how its batches look. */
export interface BatchPlan extends Pick<Plan, 'windows'> {
  readonly model: Pick<Plan['model'], 'device' | 'vocabSize'>;
  readonly output: Pick<Plan['output'], 'stats'>;
}

/**
 * How the windows of a run are laid out as batches: to fit on the CPU, and with the head chunks that the graph has on CUDA.
 * @throws TouchstoneError if a chunk of the head would be too large for CUDA
 */
export function batchOptions(plan: BatchPlan, batchTokens: number): BatchOptions {
  const { contextLength, stride } = plan.windows;
  const { device, vocabSize } = plan.model;
  const shapes: BatchShapes = device === 'cpu' ? { kind: 'fitted', chunkRows: headChunkRows(vocabSize) } : { kind: 'fixed', chunks: HEAD_CHUNKS };
  const options = { contextLength, stride, prefixId: prefixId(plan), batchTokens, shapes, stats: plan.output.stats };
  if (shapes.kind === 'fixed') for (const batch of largestBatches(options, shapes.chunks)) refuseLargeChunks(batch, vocabSize);
  return options;
}

function refuseLargeChunks({ sequences, length, chunkRows }: Batch, vocabSize: number): void {
  if (chunkRows * vocabSize < CUDA_CHUNK_ELEMENTS) return;
  throw new TouchstoneError('usage', `batches of ${sequences} x ${length} tokens would have the loss head work on ${chunkRows} x ${vocabSize} logits at once, and CUDA takes fewer than 2^31`, {
    advice: 'Lower runtime.batchTokens; where it is below the context length already, windows.contextLength.',
  });
}

/** How the documents of a run become packed rows. */
export function packOptions(plan: Plan): PackOptions {
  const { contextLength, eosId } = plan.windows;
  return {
    rowTokens: contextLength - (prefixId(plan) === null ? 0 : 1),
    separatorId: eosId!,
    hashTokens: (ids) => createHash('sha256').update(new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength)).digest('hex'),
  };
}

/** What every session of a run on CUDA computes first, so that it claims its memory at once, or fails before any unit does; nothing on the CPU. */
export function warmUpBatches(plan: Plan, batchTokens: number): readonly Batch[] {
  const options = batchOptions(plan, batchTokens);
  return options.shapes.kind === 'fixed' ? largestBatches(options, options.shapes.chunks) : [];
}

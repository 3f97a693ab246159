import { describe, expect, it } from 'vitest';
import { HEAD_CHUNKS } from '../../src/graph/layers/unrolled-loss-head.js';
import type { DeviceKind } from '../../src/records.js';
import type { Plan } from '../../src/run/plan.js';
import { batchOptions, resolveBatchTokens, warmUpBatches } from '../../src/scoring/batching.js';

/** As much of a plan as batches depend on. */
function planOf(device: DeviceKind, vocabSize: number, contextLength: number): Plan {
  const windows = { layout: 'document', contextLength, stride: contextLength / 2, bos: 'none', bosId: null, eosId: null };
  return { model: { device, vocabSize }, windows, output: { stats: { entropy: false, top1: false, bytes: false } } } as unknown as Plan;
}

describe('runtime.batchTokens', () => {
  it('is 4096 on the CPU and 32768 on CUDA, unless it is said', () => {
    expect(resolveBatchTokens('auto', 'cpu')).toBe(4096);
    expect(resolveBatchTokens('auto', 'cuda')).toBe(32768);
    expect(resolveBatchTokens(100, 'cuda')).toBe(100);
  });
});

describe('the batches of a run', () => {
  it('fit their windows on the CPU, and no session is warmed', () => {
    expect(batchOptions(planOf('cpu', 32000, 512), 4096).shapes).toEqual({ kind: 'fitted', chunkRows: 256 });
    expect(batchOptions(planOf('cpu', 1 << 20, 512), 4096).shapes).toEqual({ kind: 'fitted', chunkRows: 32 });
    expect(warmUpBatches(planOf('cpu', 32000, 512), 4096)).toEqual([]);
  });

  it('have the head chunks of the graph on CUDA, and sessions are warmed with the largest', () => {
    const plan = planOf('cuda', 128256, 2048);
    expect(batchOptions(plan, 32768).shapes).toEqual({ kind: 'fixed', chunks: HEAD_CHUNKS });
    const [warm, ...others] = warmUpBatches(plan, 32768);
    expect(others).toEqual([]);
    expect([warm!.sequences, warm!.length, warm!.chunks, warm!.chunkRows]).toEqual([16, 2048, HEAD_CHUNKS, 2048]);
  });

  it('are refused on CUDA from the size on at which a chunk has 2^31 logits', () => {
    const plan = planOf('cuda', 262144, 2048);
    expect(Math.max(...warmUpBatches(plan, 16 * 8064).map(({ chunkRows }) => chunkRows)) * 262144).toBeLessThan(2 ** 31);
    // 63 sequences of 2048 leave room that 585 of 224 fill.
    expect(() => batchOptions(plan, 16 * 8191)).toThrow('batches of 585 x 224 tokens would have the loss head work on 8192 x 262144 logits at once');
    expect(() => batchOptions(plan, 16 * 8192)).toThrow(
      expect.objectContaining({ kind: 'usage', message: 'batches of 64 x 2048 tokens would have the loss head work on 8192 x 262144 logits at once, and CUDA takes fewer than 2^31' }),
    );
  });
});

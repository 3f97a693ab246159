import { describe, expect, it } from 'vitest';
import { encodeModel } from '../../../src/graph/encode.js';
import { blocksFor } from '../../../src/graph/layers/causal-blocks.js';
import { buildScoringGraph } from '../../../src/graph/scoring-graph.js';
import { openCheckpoint } from '../../../src/model/checkpoint.js';
import { openSession, type Session } from '../../../src/runtime/session.js';

const SEQUENCES = 3;
/** Around the smallest block of 16 queries, and around where a further block begins. */
const LENGTHS = [1, 2, 3, 8, 15, 16, 17, 31, 32, 33, 47, 49, 64];

async function openWithBlocks(name: string, blocks: number): Promise<{ session: Session; vocabSize: number }> {
  const { spec, weights, weightsFolder } = await openCheckpoint(new URL(`../../fixtures/oracle/${name}/`, import.meta.url).pathname);
  const contextLength = blocks * 128;
  expect(blocksFor(contextLength)).toBe(blocks);
  const graph = buildScoringGraph({ spec, weights, contextLength, stats: { entropy: false, top1: false } });
  return { session: await openSession({ device: { kind: 'cpu' }, model: encodeModel(graph), weightsFolder, threads: 1, spin: false }), vocabSize: spec.vocabSize };
}

async function losses({ session, vocabSize }: { session: Session; vocabSize: number }, length: number): Promise<Float32Array> {
  const positions = SEQUENCES * length;
  const drawn = (step: number): Int32Array => Int32Array.from({ length: positions }, (_, at) => (at * step + 13) % vocabSize);
  const { loss } = await session.run({
    input_ids: { dtype: 'int32', dims: [SEQUENCES, length], data: drawn(7919) },
    rows: { dtype: 'int32', dims: [1, positions], data: Int32Array.from({ length: positions }, (_, at) => at) },
    targets: { dtype: 'int32', dims: [1, positions], data: drawn(31) },
  });
  return loss!.data as Float32Array;
}

describe('attention in blocks', () => {
  it.each(['llama-gqa-tied', 'llama-mha-untied', 'gpt2', 'gpt-neox-parallel', 'qwen2-sliding-window'])('%s: loses what attention in one piece loses, whatever the length', async (name) => {
    const whole = await openWithBlocks(name, 1);
    for (const blocks of [2, 4, 8]) {
      const cut = await openWithBlocks(name, blocks);
      for (const length of LENGTHS) {
        const expected = await losses(whole, length);
        const found = await losses(cut, length);
        const largest = expected.reduce((most, loss, at) => Math.max(most, Math.abs(loss - found[at]!)), 0);
        expect(largest, `${blocks} blocks, ${length} positions`).toBeLessThanOrEqual(5e-6);
        expect(found.every(Number.isFinite)).toBe(true);
      }
      await cut.session.release();
    }
    await whole.session.release();
  });

  it('are as many as the context has stretches of 128 positions, from one to eight', () => {
    expect([2, 128, 256, 512, 1024, 4096].map(blocksFor)).toEqual([1, 1, 2, 4, 8, 8]);
  });
});

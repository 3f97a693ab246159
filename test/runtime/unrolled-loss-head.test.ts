import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../src/graph/builder.js';
import { encodeModel } from '../../src/graph/encode.js';
import { exactTarget } from '../../src/graph/layers/unrolled-loss-head.js';
import { narrowToFloat16, widenFloat16 } from '../../src/math/half-precision.js';
import { openSession } from '../../src/runtime/session.js';

/** The nearest float16 numbers. */
function rounded(values: readonly number[]): Float32Array {
  const bits = new Uint16Array(values.length);
  const result = new Float32Array(values.length);
  narrowToFloat16(Float32Array.from(values), bits);
  widenFloat16(bits, result);
  return result;
}

/** The losses of each token in turn under these logits, which reach the loss head as float16 but for the target's. */
async function losses(logits: readonly number[]): Promise<Float32Array> {
  const count = logits.length;
  const g = new GraphBuilder('head');
  const rows = g.table(Float32Array.from(logits.flatMap(() => [...rounded(logits)])), [count, count]);
  const exact = g.table(Float32Array.from(logits), [count]);
  g.output('loss', exactTarget(g, rows, g.input('targets', 'int32', [count]), exact).loss);
  const session = await openSession({ device: { kind: 'cpu' }, model: encodeModel(g.build()), weightsFolder: null, threads: 1, spin: false });
  const { loss } = await session.run({ targets: { dtype: 'int32', dims: [count], data: Int32Array.from(logits.keys()) } });
  await session.release();
  return loss!.data as Float32Array;
}

/** -log softmax of logits of which all but the target's are rounded. */
function expected(logits: readonly number[], target: number): number {
  const values = [...rounded(logits)];
  values[target] = logits[target]!;
  const highest = Math.max(...values);
  return highest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - highest), 0)) - values[target];
}

describe('losses from float16 logits', () => {
  it.each([[[20.007, 19.005, 18.506, -3.0004]], [[0.1, 0.2, 0.3]], [[250.06, -250.06, 100]], [[-0.001, 31.99, 31.97, 31.98]]])('%j: have the float32 logit of the target, in front of the sum and inside of it', async (logits) => {
    const found = await losses(logits);
    found.forEach((loss, target) => {
      const oracle = expected(logits, target);
      expect(Math.abs(loss - oracle)).toBeLessThan(2e-6 * Math.max(1, oracle, Math.max(...logits)));
    });
  });

  it('are not negative, however certain the token is', async () => {
    // The logit is rounded down from 20.0073 to 20: a sum over the rounded ones with the exact one in front would give -0.0073.
    const [certain] = await losses([20.0073, -40, -41, -42]);
    expect(certain).toBeGreaterThanOrEqual(0);
    expect(certain).toBeLessThan(1e-6);
  });

  it('are not finite where a logit is not', async () => {
    expect([...(await losses([Infinity, 1, 2, 3]))].some(Number.isFinite)).toBe(false);
    expect([...(await losses([NaN, 1, 2, 3]))].some(Number.isFinite)).toBe(false);
  });
});

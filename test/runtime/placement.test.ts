import { describe, expect, it } from 'vitest';
import { encodeModel } from '../../src/graph/encode.js';
import { integerProductsProbe } from '../../src/graph/integer-products-probe.js';
import { leftToCpu, placedOperators } from '../../src/runtime/placement.js';
import { openSession } from '../../src/runtime/session.js';
import { openSessionPool } from '../../src/runtime/session-pool.js';

const event = (operator: string, provider: string, name = `${operator}_kernel_time`, cat = 'Node'): object => ({ cat, name, args: { op_name: operator, provider } });

describe('where operators are computed', () => {
  it('is counted by provider and operator, in the order in which they came', () => {
    const profile = [event('MatMul', 'CUDAExecutionProvider'), event('Gather', 'CPUExecutionProvider'), event('MatMul', 'CUDAExecutionProvider'), event('MatMul', 'CUDAExecutionProvider', 'MatMul_fence_before'), event('model_run', '', 'model_run', 'Session')];
    expect(placedOperators(JSON.stringify(profile))).toEqual([
      { provider: 'CUDAExecutionProvider', operator: 'MatMul', runs: 2 },
      { provider: 'CPUExecutionProvider', operator: 'Gather', runs: 1 },
    ]);
  });

  it('is left to the CPU where it is there and no arithmetic of shapes', () => {
    const placed = placedOperators(JSON.stringify([event('Concat', 'CPUExecutionProvider'), event('GroupQueryAttention', 'CPUExecutionProvider'), event('MatMulInteger', 'CUDAExecutionProvider')]));
    expect(leftToCpu(placed).map(({ operator }) => operator)).toEqual(['GroupQueryAttention']);
  });

  const { graph, feeds } = integerProductsProbe();
  const spec = { device: { kind: 'cpu' }, model: encodeModel(graph), weightsFolder: null, threads: 1, spin: false } as const;

  it('is what the runtime says of the runs of a session', async () => {
    const session = await openSession({ ...spec, profiled: true });
    await session.run(feeds);
    await session.run(feeds);
    const placed = await session.placement();
    await session.release();
    expect(placed).toContainEqual({ provider: 'CPUExecutionProvider', operator: 'QuantizeLinear', runs: 2 });
  });

  it('is known of sessions in threads as well, and of none that was not profiled', async () => {
    const profiled = await openSessionPool([{ ...spec, profiled: true }], { warmUp: [feeds] });
    expect((await profiled.placement()).every(({ provider, runs }) => provider === 'CPUExecutionProvider' && runs === 1)).toBe(true);
    await profiled.close();
    const plain = await openSessionPool([spec]);
    await expect(plain.placement()).rejects.toThrow('not profiled');
    await plain.close();
  });
});

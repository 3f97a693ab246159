import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../src/graph/builder.js';
import { encodeModel } from '../../src/graph/encode.js';
import { LoopBuilder } from '../../src/graph/loop.js';
import { add, mul, scalar, sizeOf } from '../../src/graph/ops.js';
import type { Tensors } from '../../src/runtime/protocol.js';
import { openSession } from '../../src/runtime/session.js';

async function run(g: GraphBuilder, feeds: Tensors): Promise<Record<string, { dims: readonly number[]; values: number[] }>> {
  const session = await openSession({ device: { kind: 'cpu' }, model: encodeModel(g.build()), weightsFolder: null, threads: 1, spin: false });
  const outputs = await session.run(feeds);
  await session.release();
  return Object.fromEntries(Object.entries(outputs).map(([name, { dims, data }]) => [name, { dims, values: Array.from(data as Float32Array) }]));
}

const float32 = (dims: readonly number[], ...values: number[]): Tensors[string] => ({ dtype: 'float32', dims, data: Float32Array.from(values) });

describe('a loop', () => {
  it('hands its variables on, takes a row an iteration, and puts what it collects below each other', async () => {
    const g = new GraphBuilder('sum');
    const rows = g.input('rows', 'float32', ['K', 2]);
    const loop = new LoopBuilder(g, 'row');
    const sum = loop.variable(g.input('sum', 'float32', [2]), 'sum/next');
    const next = add(loop.body, sum, loop.row(rows));
    loop.replace(sum, next);
    loop.collect('doubled', mul(loop.body, next, scalar(loop.body, 2)));
    for (const [name, value] of loop.build(sizeOf(g, rows, 0), 'K')) g.output(name, value);
    expect(await run(g, { rows: float32([3, 2], 1, 2, 3, 4, 5, 6), sum: float32([2], 10, 20) })).toEqual({
      'sum/next': { dims: [2], values: [19, 32] },
      doubled: { dims: [3, 2], values: [22, 44, 28, 52, 38, 64] },
    });
  });

  it('may stand in another one and use its values', async () => {
    const g = new GraphBuilder('product');
    const left = g.input('left', 'float32', ['K']);
    const right = g.input('right', 'float32', ['A']);
    const outer = new LoopBuilder(g, 'outer');
    const factor = outer.row(left);
    const inner = new LoopBuilder(outer.body, 'inner');
    const sum = inner.variable(outer.body.constant('float32', [], [0]), 'sum');
    inner.replace(sum, add(inner.body, sum, mul(inner.body, factor, inner.row(right))));
    const trips = sizeOf(outer.body, right, 0);
    outer.collect('sums', inner.build(trips, 'A').get('sum')!);
    for (const [name, value] of outer.build(sizeOf(g, left, 0), 'K')) g.output(name, value);
    expect(await run(g, { left: float32([2], 1, 10), right: float32([3], 1, 2, 3) })).toEqual({ sums: { dims: [2], values: [6, 60] } });
  });

  it('refuses a variable that is never replaced, that is replaced by another shape, or that is not its own', () => {
    const g = new GraphBuilder('wrong');
    const loop = new LoopBuilder(g, 'wrong');
    const x = g.input('x', 'float32', [2]);
    const held = loop.variable(x, 'x/next');
    expect(() => loop.build(g.constant('int64', [1], [1]), 'K')).toThrow(/never replaced/);
    expect(() => { loop.replace(held, scalar(g, 1)); }).toThrow(/cannot be replaced by constant/);
    expect(() => { loop.replace(x, x); }).toThrow(/x: float32\[2\] is no variable of the loop wrong/);
  });
});

import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../src/graph/builder.js';
import { encodeModel } from '../../../src/graph/encode.js';
import { gradients } from '../../../src/graph/gradient/backward.js';
import type { Value } from '../../../src/graph/ir.js';
import * as ops from '../../../src/graph/ops.js';
import { openSession } from '../../../src/runtime/session.js';

type Tensor = { readonly shape: readonly number[]; readonly data: Float32Array };

/** Numbers in (0.2, 1.4) with random signs: away from zero, where relu and division bend. */
function randomTensor(shape: readonly number[], seed: number): Tensor {
  let state = seed * 2654435761;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return { shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => (next() < 0.5 ? -1 : 1) * (0.2 + 1.2 * next())) };
}

type Build = (g: GraphBuilder, inputs: readonly Value[]) => Value;

const integers = (g: GraphBuilder, values: readonly number[]): Value => g.constant('int32', [values.length], values);

const CASES: readonly (readonly [name: string, shapes: readonly (readonly number[])[], build: Build])[] = [
  ['Add, broadcast on both sides', [[3, 1, 4], [2, 4]], (g, [a, b]) => ops.add(g, a!, b!)],
  ['Add, twice the same value', [[3, 4]], (g, [a]) => ops.add(g, a!, a!)],
  ['Sub, broadcast', [[4], [2, 3, 4]], (g, [a, b]) => ops.sub(g, a!, b!)],
  ['Mul, broadcast', [[2, 3, 1], [3, 4]], (g, [a, b]) => ops.mul(g, a!, b!)],
  ['Div, broadcast', [[2, 3], [3]], (g, [a, b]) => ops.div(g, a!, b!)],
  ['Neg', [[5]], (g, [a]) => ops.neg(g, a!)],
  ['Exp', [[5]], (g, [a]) => ops.exp(g, a!)],
  ['Sigmoid', [[5]], (g, [a]) => ops.sigmoid(g, a!)],
  ['Tanh', [[5]], (g, [a]) => ops.tanh(g, a!)],
  ['Relu', [[8]], (g, [a]) => ops.relu(g, a!)],
  ['QuickGelu with alpha 1', [[8]], (g, [a]) => ops.silu(g, a!)],
  ['Gelu', [[8]], (g, [a]) => ops.gelu(g, a!, 'none')],
  ['FastGelu', [[8]], (g, [a]) => ops.gelu(g, a!, 'tanh')],
  ['Softmax', [[3, 5]], (g, [a]) => ops.softmax(g, a!)],
  ['LogSoftmax', [[3, 5]], (g, [a]) => ops.logSoftmax(g, a!)],
  ['Gemm, [out, in] with bias', [[3, 4], [5, 4], [5]], (g, [x, w, b]) => ops.linear(g, x!, w!, b)],
  ['Gemm, [in, out] with bias', [[3, 4], [4, 5], [5]], (g, [x, w, b]) => ops.conv1d(g, x!, w!, b)],
  ['MatMul, batched', [[2, 3, 4], [2, 4, 5]], (g, [a, b]) => ops.matMul(g, a!, b!)],
  ...[false, true].flatMap((transA) => [false, true].map((transB) => [
    `FusedMatMul, transA ${transA}, transB ${transB}`,
    [transA ? [2, 4, 3] : [2, 3, 4], transB ? [2, 5, 4] : [2, 4, 5]],
    (g, [a, b]) => ops.fusedMatMul(g, a!, b!, { transA, transB, scale: 0.7 }),
  ] as const satisfies readonly [string, readonly (readonly number[])[], Build])),
  ['SimplifiedLayerNormalization', [[3, 6], [6]], (g, [x, w]) => ops.rmsNorm(g, x!, w!, 1e-3)],
  ['LayerNormalization', [[3, 6], [6], [6]], (g, [x, w, b]) => ops.layerNorm(g, x!, w!, b!, 1e-3)],
  ['Gather of rows, one of them twice', [[5, 3]], (g, [table]) => ops.gatherRows(g, table!, integers(g, [4, 0, 4, 1]))],
  ['GatherElements of columns', [[3, 5]], (g, [x]) => ops.gatherColumn(g, x!, integers(g, [4, 0, 2]))],
  ['Reshape', [[3, 4]], (g, [x]) => ops.reshape(g, x!, [2, 6], [2, 6])],
  ['Transpose', [[2, 3, 4]], (g, [x]) => ops.transpose(g, x!, [2, 0, 1])],
  ['Split, one part unused', [[2, 6]], (g, [x]) => { const [a, , c] = ops.split(g, x!, 1, [2, 2, 2]); return ops.mul(g, a!, c!); }],
  ['Split into sizes known at run time, the parts joined in another order', [[2, 6, 2]], (g, [x]) => {
    const [a, b] = ops.splitInto(g, x!, 1, g.constant('int64', [2], [4, 2]), [4, 2]);
    return ops.mul(g, { ...ops.concat(g, [b!, a!], 1), shape: x!.shape }, x!);
  }],
  ['Concat of a value with itself and another', [[2, 3], [2, 2]], (g, [a, b]) => ops.concat(g, [a!, b!, a!], 1)],
  ['Slice of a middle stretch', [[2, 5, 3]], (g, [x]) => ops.slice(g, x!, 1, g.constant('int64', [1], [1]), g.constant('int64', [1], [4]), 3)],
  ['RotaryEmbedding', [[2, 3, 8]], (g, [x]) => {
    const table = (f: (angle: number) => number): Value => g.table(Float32Array.from({ length: 3 * 2 }, (_, at) => f(0.3 + at)), [3, 2]);
    return g.node('RotaryEmbedding', [x!, g.constant('int64', [1], [0]), table(Math.cos), table(Math.sin)], 'float32', x!.shape, {
      domain: 'com.microsoft', attributes: { interleaved: { kind: 'int', value: 0 }, num_heads: { kind: 'int', value: 2 } },
    });
  }],
];

async function run(build: (g: GraphBuilder) => void, inputs: readonly Tensor[]): Promise<readonly Float32Array[]> {
  const g = new GraphBuilder('rule');
  build(g);
  const session = await openSession({ device: { kind: 'cpu' }, model: encodeModel(g.build()), weightsFolder: null, threads: 1, spin: false });
  const outputs = await session.run(Object.fromEntries(inputs.map(({ shape, data }, at) => [`x${at}`, { dtype: 'float32', dims: shape, data }])));
  await session.release();
  return Object.values(outputs).map(({ data }) => data as Float32Array);
}

/** The sum of the outputs, each times a fixed random number: one number that depends on every output. */
function weigh(g: GraphBuilder, output: Value): { readonly weights: Value; readonly total: Value } {
  const weights = g.table(randomTensor(output.shape as number[], 99).data, output.shape as number[]);
  return { weights, total: ops.sumOver(g, ops.mul(g, output, weights), output.shape.map((_, axis) => axis)) };
}

describe('a gradient rule agrees with finite differences', () => {
  it.each(CASES)('%s', async (_name, shapes, build) => {
    const inputs = shapes.map((shape, at) => randomTensor(shape, at + 1));
    const declare = (g: GraphBuilder): Value[] => shapes.map((shape, at) => g.input(`x${at}`, 'float32', shape));

    const exact = await run((g) => {
      const values = declare(g);
      const output = build(g, values);
      const { weights } = weigh(g, output);
      gradients(g, [{ value: output, grad: weights }], values).forEach((grad, at) => { g.output(`grad${at}`, grad); });
    }, inputs);

    // Forward passes with one input element moved; all of them in one session.
    const g = new GraphBuilder('forward');
    g.output('total', weigh(g, build(g, declare(g))).total);
    const session = await openSession({ device: { kind: 'cpu' }, model: encodeModel(g.build()), weightsFolder: null, threads: 1, spin: false });
    const total = async (at: number, element: number, step: number): Promise<number> => {
      const feeds = inputs.map(({ shape, data }, input) => {
        const moved = data.slice();
        if (input === at) moved[element]! += step;
        return [`x${input}`, { dtype: 'float32' as const, dims: shape, data: moved }] as const;
      });
      return (await session.run(Object.fromEntries(feeds)))['total']!.data[0] as number;
    };
    const STEP = 1 / 128;
    for (const [at, { data }] of inputs.entries()) {
      const largest = Math.max(...Array.from(exact[at]!, Math.abs), 0.1);
      for (let element = 0; element < data.length; element++) {
        const difference = ((await total(at, element, STEP)) - (await total(at, element, -STEP))) / (2 * STEP);
        expect(Math.abs(exact[at]![element]! - difference) / largest).toBeLessThan(2e-3);
      }
    }
    await session.release();
  });

  it('adds the rows of a table that was picked many times in one order, on several threads too', async () => {
    const [rows, width, picks] = [50, 128, 4096];
    const g = new GraphBuilder('embedding');
    const table = g.input('x0', 'float32', [rows, width]);
    const picked = ops.gatherRows(g, table, integers(g, Array.from({ length: picks }, (_, at) => (at * at) % rows)));
    const grad = g.table(randomTensor([picks, width], 3).data, [picks, width]);
    g.output('grad', gradients(g, [{ value: picked, grad }], [table])[0]!);
    const session = await openSession({ device: { kind: 'cpu' }, model: encodeModel(g.build()), weightsFolder: null, threads: 4, spin: false });
    const run = async (): Promise<Float32Array> => (await session.run({ x0: { dtype: 'float32', dims: [rows, width], data: new Float32Array(rows * width) } }))['grad']!.data as Float32Array;
    const first = await run();
    for (let repeat = 0; repeat < 20; repeat++) expect(await run()).toEqual(first);
    await session.release();
  });

  it('names an operator that has no rule', () => {
    const g = new GraphBuilder('no-rule');
    const x = g.input('x', 'float32', [2]);
    const y = g.node('Erf', [x], 'float32', [2]);
    expect(() => gradients(g, [{ value: y, grad: y }], [x])).toThrow('operator Erf has no gradient rule');
  });

  it('names a parameter the loss does not depend on', () => {
    const g = new GraphBuilder('unused');
    const x = g.input('x', 'float32', [2]);
    const y = ops.exp(g, g.input('y', 'float32', [2]));
    expect(() => gradients(g, [{ value: y, grad: y }], [x])).toThrow('the loss does not depend on x: float32[2]');
  });
});

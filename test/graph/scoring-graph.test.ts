import { beforeAll, describe, expect, it } from 'vitest';
import type { Graph, Node } from '../../src/graph/ir.js';
import { HEAD_CHUNKS } from '../../src/graph/layers/unrolled-loss-head.js';
import { buildScoringGraph } from '../../src/graph/scoring-graph.js';
import type { Checkpoint } from '../../src/model/checkpoint.js';
import type { Numerics } from '../../src/records.js';
import { CONFIGS, randomCheckpoint } from './random-checkpoint.js';

const NAMES = Object.keys(CONFIGS);
const checkpoints = new Map<string, Checkpoint>();
beforeAll(async () => {
  for (const name of NAMES) checkpoints.set(name, await randomCheckpoint(CONFIGS[name]!));
});

function build(name: string, numerics: Numerics): Graph {
  const { spec, weights } = checkpoints.get(name)!;
  return buildScoringGraph({ spec, weights, contextLength: 1024, stats: { entropy: true, top1: true }, numerics });
}

const float16: Numerics = { precision: 'float16', device: 'cuda' };
const count = ({ nodes }: Graph, op: string): number => nodes.filter((node) => node.op === op).length;
const isPosition = (dim: number | string): boolean => typeof dim === 'string' && dim.startsWith('B*T');

describe.each(NAMES)('the float16 graph for CUDA of %s', (name) => {
  it('has one attention operator a layer, and no matrix of scores', () => {
    const graph = build(name, float16);
    expect(count(graph, 'GroupQueryAttention')).toBe(checkpoints.get(name)!.spec.layers);
    expect(['Softmax', 'MatMul', 'FusedMatMul'].map((op) => count(graph, op))).toEqual([0, 0, 0]);
  });

  it('keeps no keys and values: no node reads what attention hands on, and it is no output', () => {
    const { nodes, outputs } = build(name, float16);
    const handedOn = new Set(nodes.filter(({ op }) => op === 'GroupQueryAttention').flatMap(({ outputs: [, ...rest] }) => rest.map((value) => value.name)));
    expect(handedOn.size).toBeGreaterThan(0);
    expect([...nodes.flatMap(({ inputs }) => inputs), ...outputs].filter((value) => value !== null && handedOn.has(value.name))).toEqual([]);
  });

  it('is float16 from the embedding to the last norm', () => {
    const { nodes } = build(name, float16);
    const rows = nodes.flatMap(({ outputs }) => outputs).filter(({ shape }) => shape.some(isPosition));
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter(({ dtype }) => dtype !== 'float16' && dtype !== 'int32')).toEqual([]);
    const matrices = nodes.filter(({ op }) => op === 'Gemm').flatMap(({ inputs }) => inputs);
    expect(new Set(matrices.map((value) => value?.dtype))).toEqual(new Set(['float16']));
  });

  it('adds every branch to the residual in the norm that follows', () => {
    const graph = build(name, float16);
    const { spec } = checkpoints.get(name)!;
    const skips = count(graph, 'SkipSimplifiedLayerNormalization') + count(graph, 'SkipLayerNormalization');
    // Two branches a layer; where they are parallel, the norm of the second reads the sum that is there already.
    expect(skips).toBe(spec.family === 'gpt-neox' && spec.parallelResidual ? spec.layers : 2 * spec.layers);
  });
});

describe.each<Numerics>([float16, { precision: 'float32', device: 'cuda' }])('the graph for CUDA in $precision', (numerics) => {
  it('has its chunks of the head one after the other, none in a loop', () => {
    const graph = build('llama, grouped queries, tied', numerics);
    expect(['Scan', 'Loop', 'If'].map((op) => count(graph, op))).toEqual([0, 0, 0]);
    expect(count(graph, 'LogSoftmax')).toBe(HEAD_CHUNKS);
    expect(graph.inputs.map(({ name, shape }) => [name, shape])).toEqual([['input_ids', ['B', 'T']], ['rows', [HEAD_CHUNKS, 'R']], ['targets', [HEAD_CHUNKS, 'R']]]);
  });

  it('takes logarithms of sums in float32', () => {
    const { nodes } = build('llama, grouped queries, tied', numerics);
    const sums = nodes.filter(({ op }: Node) => op === 'LogSoftmax' || op === 'ReduceSum' || op === 'Log' || op === 'Exp').flatMap(({ outputs }) => outputs);
    expect(new Set(sums.map(({ dtype }) => dtype))).toEqual(new Set(['float32']));
  });

  it('has no input or output of 16 bits', () => {
    const { inputs, outputs } = build('llama, grouped queries, tied', numerics);
    expect(inputs.map(({ dtype }) => dtype)).toEqual(['int32', 'int32', 'int32']);
    expect(outputs.map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([['loss', 'float32', [HEAD_CHUNKS, 'R']], ['entropy', 'float32', [HEAD_CHUNKS, 'R']], ['top1', 'bool', [HEAD_CHUNKS, 'R']]]);
  });
});

it('a window that reaches over the whole context is left out of the attention', () => {
  const { spec, weights } = checkpoints.get('mistral, sliding window')!;
  const windows = (contextLength: number): unknown[] =>
    buildScoringGraph({ spec, weights, contextLength, stats: { entropy: false, top1: false }, numerics: float16 }).nodes.flatMap(({ op, attributes }) => (op === 'GroupQueryAttention' ? [attributes['local_window_size']] : []));
  expect(windows(8)).toEqual([{ kind: 'int', value: 7 }, { kind: 'int', value: 7 }]);
  expect(windows(7)).toEqual([undefined, undefined]);
});

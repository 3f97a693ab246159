import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { encodeModel } from '../../../src/graph/encode.js';
import type { Dim, Graph } from '../../../src/graph/ir.js';
import { buildLoopedTrainingGraph } from '../../../src/graph/looped-training-graph.js';
import { MAY_BE_EMPTY } from '../../../src/graph/ops.js';
import { buildTrainingGraph, gradientName, momentName, nextName, varianceName } from '../../../src/graph/training-graph.js';
import type { TrainingStepOptions } from '../../../src/graph/training-step.js';
import { createRandom } from '../../../src/math/random.js';
import { openCheckpoint } from '../../../src/model/checkpoint.js';
import { readWeights } from '../../../src/model/read-weights.js';
import type { TensorData, Tensors } from '../../../src/runtime/protocol.js';
import { openSession, type Session } from '../../../src/runtime/session.js';

const [B, T] = [3, 20];
const LEARNING_RATE = 1e-2;
const BETAS = [0.9, 0.95] as const;

const scalar = (value: number): TensorData => ({ dtype: 'float32', dims: [], data: Float32Array.of(value) });
const ints = (values: ArrayLike<number>, ...dims: number[]): TensorData => ({ dtype: 'int32', dims, data: Int32Array.from(values) });
const bytes = ({ data }: Pick<TensorData, 'data'>): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
const floats = (outputs: Tensors, name: string): Float32Array => outputs[name]!.data as Float32Array;

/** A micro-batch: every position but the last few of each sequence, which differ in number from batch to batch where `ragged`. */
function drawBatch(seed: string, vocabSize: number, ragged: boolean): Tensors {
  const random = createRandom(seed);
  const ids = Array.from({ length: B * T }, () => random.below(vocabSize));
  const cuts = Array.from({ length: B }, () => (ragged ? random.between(1, 9) : 1));
  const rows = ids.flatMap((_, at) => (at % T < T - cuts[Math.floor(at / T)]! ? [at] : []));
  return { input_ids: ints(ids, B, T), rows: ints(rows, rows.length), targets: ints(rows.map((row) => ids[row + 1]!), rows.length) };
}

/** A selection of a share of the tokens of each sequence by excess loss; a few tokens are no candidates. */
function drawSelection(seed: string, count: number): Tensors {
  const random = createRandom(`${seed}/selection`);
  const offsets = Float32Array.from({ length: count }, () => (random.chance(0.1) ? -Infinity : -5 * random.float()));
  return {
    offsets: { dtype: 'float32', dims: [B, count / B], data: offsets },
    live_weight: scalar(1),
    threshold: scalar(-3e38),
    keep: { dtype: 'int64', dims: [B], data: BigInt64Array.from({ length: B }, () => BigInt(random.between(4, 12))) },
  };
}

const numbersOf = (step: number): Tensors => ({
  step_size: scalar(LEARNING_RATE / (1 - BETAS[0] ** (step + 1))), variance_scale: scalar(1 / Math.sqrt(1 - BETAS[1] ** (step + 1))), decay: scalar(1 - LEARNING_RATE * 0.1), denominator: scalar(0),
});

interface Case {
  readonly options: TrainingStepOptions;
  /** By step, then by micro-batch. */
  readonly feeds: readonly (readonly Tensors[])[];
  readonly initial: Tensors;
  /** Micro-batches of a step. */
  readonly accumulation: number;
}

async function openCase(name: string, objective: TrainingStepOptions['objective'], steps: number, accumulation: number, temperature: number | null = null): Promise<Case> {
  const checkpoint = await openCheckpoint(fileURLToPath(new URL(`../../fixtures/oracle/${name}`, import.meta.url)));
  const { spec } = checkpoint;
  const options: TrainingStepOptions = {
    spec, contextLength: 128, objective, temperature, optimizer: { beta1: BETAS[0], beta2: BETAS[1], epsilon: 1e-8, clipNorm: 1 }, decays: (_parameter, shape) => shape.length >= 2,
  };
  const feeds = Array.from({ length: steps }, (_, step) => Array.from({ length: accumulation }, (_, number) => {
    const seed = `${step}/${number}`;
    const batch = drawBatch(seed, spec.vocabSize, objective === 'causal');
    return objective === 'causal' ? batch : { ...batch, ...drawSelection(seed, batch['rows']!.data.length) };
  }));
  const weights = await readWeights(checkpoint);
  const initial = Object.fromEntries(buildTrainingGraph({ ...options, phase: 'update', accumulated: false }).parameters.flatMap(({ name: parameter, shape }) => {
    const data = weights.get(parameter)!;
    const tensor = (values: Float32Array): TensorData => ({ dtype: 'float32', dims: shape, data: values });
    return [[parameter, tensor(data)], [momentName(parameter), tensor(new Float32Array(data.length))], [varianceName(parameter), tensor(new Float32Array(data.length))]];
  }));
  return { options, feeds, initial, accumulation };
}

/** What one step left and told. */
interface Told {
  readonly live: readonly number[][];
  readonly kept: readonly number[][];
  readonly lossSums: readonly number[];
  readonly weightSums: readonly number[];
  readonly gradientNorm: number;
}

const open = (graph: Parameters<typeof encodeModel>[0]): Promise<Session> => openSession({ device: { kind: 'cpu' }, model: encodeModel(graph), weightsFolder: null, threads: 1, spin: false });
const stateOf = (initial: Tensors, outputs: Tensors): Tensors => Object.fromEntries(Object.keys(initial).map((name) => [name, outputs[nextName(name)]!]));

async function stepByStep({ options, feeds, initial, accumulation }: Case): Promise<{ told: Told[]; states: Tensors[] }> {
  const graphOf = (phase: 'accumulate' | 'update', accumulated: boolean): Promise<Session> => open(buildTrainingGraph({ ...options, phase, accumulated }).graph);
  const last = await graphOf('update', accumulation > 1);
  const [first, more] = accumulation > 1 ? [await graphOf('accumulate', false), await graphOf('accumulate', true)] : [last, last];
  const told: Told[] = [];
  const states: Tensors[] = [];
  let state = initial;
  for (const [step, batches] of feeds.entries()) {
    const outputs: Tensors[] = [];
    let gradients: Tensors = {};
    let before = 0;
    for (const [number, batch] of batches.entries()) {
      const isLast = number === accumulation - 1;
      const given: Tensors = { ...batch, ...state, ...gradients, ...(isLast ? { ...numbersOf(step), kept_before: scalar(before) } : {}) };
      const session = isLast ? last : number === 0 ? first : more;
      const wanted = Object.fromEntries(session.info.inputs.map((input) => [input, given[input]!]));
      const found = await session.run(wanted);
      outputs.push(found);
      before = Math.fround(before + (found['weight_sum'] === undefined ? (found['selected'] ?? batch['rows']!).data.length : floats(found, 'weight_sum')[0]!));
      gradients = Object.fromEntries(Object.keys(initial).flatMap((parameter) => (nextName(gradientName(parameter)) in found ? [[gradientName(parameter), found[nextName(gradientName(parameter))]!]] : [])));
    }
    state = stateOf(initial, outputs.at(-1)!);
    states.push(state);
    told.push({
      live: outputs.map((found) => [...floats(found, 'live_loss')]),
      kept: outputs.map((found) => Array.from((found['selected']?.data ?? []) as BigInt64Array, Number)),
      lossSums: outputs.map((found) => floats(found, 'loss_sum')[0]!),
      weightSums: outputs.flatMap((found) => ('weight_sum' in found ? [floats(found, 'weight_sum')[0]!] : [])),
      gradientNorm: floats(outputs.at(-1)!, 'gradient_norm')[0]!,
    });
  }
  for (const session of new Set([first, more, last])) await session.release();
  return { told, states };
}

/** The feeds of a group of steps, stacked; rows and targets filled up with rows that must not count. */
function stacked(steps: readonly (readonly Tensors[])[], from: number): Tensors {
  const batches = steps.flat();
  const most = Math.max(...batches.map(({ rows }) => rows!.data.length));
  const lead = steps[0]!.length === 1 ? [steps.length] : [steps.length, steps[0]!.length];
  const join = (name: string, all: readonly Tensors[], dims: readonly number[]): TensorData => {
    const { dtype, data, dims: own } = all[0]![name]!;
    const filled = name === 'rows' || name === 'targets';
    const size = filled ? most : data.length;
    const result = new (data.constructor as new (length: number) => Int32Array)(all.length * size);
    if (filled) result.fill(1);
    all.forEach((tensors, at) => { result.set(tensors[name]!.data as Int32Array, at * size); });
    return { dtype, dims: [...dims, ...(filled ? [most] : own)], data: result };
  };
  const numbers = steps.map((_, at) => numbersOf(from + at));
  return {
    ...Object.fromEntries(Object.keys(batches[0]!).map((name) => [name, join(name, batches, lead)])),
    ...Object.fromEntries(Object.keys(numbers[0]!).map((name) => [name, join(name, numbers, [steps.length])])),
    counts: { dtype: 'int64', dims: lead, data: BigInt64Array.from(batches, ({ rows }) => BigInt(rows!.data.length)) },
  };
}

async function inGroups({ options, feeds, initial, accumulation }: Case, sizes: readonly number[]): Promise<{ told: Told[]; states: Tensors[] }> {
  const session = await open(buildLoopedTrainingGraph({ ...options, accumulation }).graph);
  const told: Told[] = [];
  const states: Tensors[] = [];
  let state = initial;
  let from = 0;
  for (const size of sizes) {
    const group = feeds.slice(from, from + size);
    const outputs = await session.run({ ...stacked(group, from), ...state });
    state = stateOf(initial, outputs);
    states.push(state);
    const most = floats(outputs, 'live_loss').length / (size * accumulation);
    group.forEach((batches, step) => {
      const at = (number: number): number => step * accumulation + number;
      const part = (name: string, number: number): Float32Array => floats(outputs, name).subarray(at(number) * most, (at(number) + 1) * most);
      const own = (name: string): number[] => batches.flatMap((_, number) => (name in outputs ? [floats(outputs, name)[at(number)]!] : []));
      told.push({
        live: batches.map(({ rows }, number) => [...part('live_loss', number)].slice(0, rows!.data.length)),
        kept: batches.map((_, number) => ('kept' in outputs ? [...part('kept', number)].flatMap((mark, position) => (mark === 1 ? [position] : [])) : [])),
        lossSums: own('loss_sum'),
        weightSums: own('weight_sum'),
        gradientNorm: floats(outputs, 'gradient_norm')[step]!,
      });
      // Nothing is told of the filling.
      batches.forEach(({ rows }, number) => { expect(part('live_loss', number).subarray(rows!.data.length).every((loss) => loss === 0)).toBe(true); });
    });
    from += size;
  }
  await session.release();
  return { told, states };
}

/**
 * Operators with a kernel in onnxruntime's CUDA provider for the types used here, by
 * https://github.com/microsoft/onnxruntime/blob/main/docs/OperatorKernels.md#cudaexecutionprovider. Shape, Size and Range keep their numbers on the host.
 */
const CUDA_KERNELS = new Set([
  'Add', 'And', 'Cast', 'Compress', 'Concat', 'ConstantOfShape', 'Div', 'Exp', 'Expand', 'FastGelu', 'FusedMatMul', 'Gather', 'GatherElements', 'Gemm', 'Greater', 'GreaterOrEqual', 'Identity',
  'LayerNormalization', 'Less', 'LogSoftmax', 'Loop', 'MatMul', 'Max', 'Min', 'Mul', 'Neg', 'NonZero', 'Pad', 'QuickGelu', 'Range', 'Reciprocal', 'ReduceMean', 'ReduceSum', 'ReduceSumSquare',
  'Reshape', 'RotaryEmbedding', 'ScatterElements', 'Shape', 'Sigmoid', 'SimplifiedLayerNormalization', 'Size', 'Slice', 'Softmax', 'Split', 'Sqrt', 'Squeeze', 'Sub', 'Sum', 'Tanh', 'TopK',
  'Transpose', 'Unsqueeze', 'Where',
]);

function operatorsOf({ nodes }: Graph): Set<string> {
  return new Set(nodes.flatMap(({ op, attributes }) => [op, ...Object.values(attributes).flatMap((attribute) => (attribute.kind === 'graph' ? [...operatorsOf(attribute.value)] : []))]));
}

/** The dimensions that are reduced anywhere in a graph, subgraphs included, which see the constants of those around them. */
function reducedDims({ nodes, initializers }: Graph, around: Graph['initializers'] = []): Set<Dim> {
  const constants = [...around, ...initializers];
  return new Set(nodes.flatMap(({ op, inputs, attributes }) => {
    const within = Object.values(attributes).flatMap((attribute) => (attribute.kind === 'graph' ? [...reducedDims(attribute.value, constants)] : []));
    if (!op.startsWith('Reduce')) return within;
    const [x, axes] = inputs;
    if (axes === undefined) return [...within, ...x!.shape];
    const data = constants.find(({ value }) => value.name === axes!.name)!.data as { readonly bytes: Uint8Array };
    return [...within, ...Array.from(new BigInt64Array(data.bytes.slice().buffer), (axis) => x!.shape.at(Number(axis))!)];
  }));
}

describe('steps in a loop', () => {
  it.each(['llama-gqa-tied', 'qwen3', 'gpt2', 'gpt-neox-parallel'])('%s: reduce no axis that may be empty, which CUDA refuses', async (name) => {
    for (const [objective, temperature] of [['causal', null], ['selective', null], ['selective', 0.5]] as const) {
      const { options } = await openCase(name, objective, 1, 1, temperature);
      const dims = reducedDims(buildLoopedTrainingGraph({ ...options, accumulation: 2 }).graph);
      expect(dims).toContain('B*T');
      expect([...dims].filter((dim) => MAY_BE_EMPTY.has(dim))).toEqual([]);
    }
  });


  it.each(['llama-gqa-tied', 'qwen3', 'mistral-sliding-window', 'gpt2'])('%s: use no operator that has no CUDA kernel, and would move its tensors to the host and back', async (name) => {
    const { options } = await openCase(name, 'selective', 1, 1, 0.5);
    const operators = operatorsOf(buildLoopedTrainingGraph({ ...options, accumulation: 2 }).graph);
    expect(operators).toContain('ReduceSumSquare');
    expect([...operators].filter((op) => !CUDA_KERNELS.has(op))).toEqual([]);
  });

  it.each([
    ['llama-gqa-tied', 'causal', null, 1],
    ['llama-gqa-tied', 'selective', null, 1],
    ['llama-gqa-tied', 'selective', 0.5, 1],
    ['gpt2', 'causal', null, 1],
    ['gpt2', 'selective', null, 1],
    ['llama-gqa-tied', 'causal', null, 3],
    ['llama-gqa-tied', 'selective', 0.5, 3],
    ['gpt2', 'selective', null, 2],
  ] as const)('%s, %s, temperature %s, %d micro-batches: leave and tell what single steps do, bit for bit, whatever the groups', async (name, objective, temperature, accumulation) => {
    const own = await openCase(name, objective, 8, accumulation, temperature);
    const single = await stepByStep(own);
    expect(single.told.at(-1)!.lossSums[0]).not.toBe(single.told[0]!.lossSums[0]);
    if (objective === 'selective') expect(new Set(single.told.map(({ kept }) => kept[0]!.length)).size).toBeGreaterThan(1);
    else expect(new Set(own.feeds.flat().map(({ rows }) => rows!.data.length)).size).toBeGreaterThan(2);
    const sizes = [4, 3, 1];
    const grouped = await inGroups(own, sizes);
    expect(grouped.told).toEqual(single.told);
    let end = 0;
    sizes.forEach((size, at) => {
      end += size;
      for (const [tensor, { data }] of Object.entries(single.states[end - 1]!)) expect(bytes(grouped.states[at]![tensor]!).equals(bytes({ data })), `${tensor} after step ${end}`).toBe(true);
    });
  });

  it.each([
    ['llama-gqa-tied', null],
    ['llama-gqa-tied', 0.5],
    ['gpt2', null],
  ] as const)('%s, temperature %s: learn from the other micro-batches what they would without one in which nothing is kept', async (name, temperature) => {
    const own = await openCase(name, 'selective', 3, 2, temperature);
    const withoutCandidates = (batch: Tensors): Tensors => ({ ...batch, offsets: { ...batch['offsets']!, data: new Float32Array(batch['offsets']!.data.length).fill(-Infinity) } });
    const [first, second, third] = own.feeds.map(([a, b]) => [a!, b!] as const);
    const feeds = [[first![0], withoutCandidates(first![1])], [withoutCandidates(second![0]), second![1]], third!.map(withoutCandidates)];
    const single = await stepByStep({ ...own, feeds });
    expect(single.told.map(({ kept }) => kept.map((positions) => positions.length === 0))).toEqual([[false, true], [true, false], [true, true]]);
    expect(single.told.map(({ lossSums }) => lossSums.map((sum) => sum === 0))).toEqual([[false, true], [true, false], [true, true]]);
    expect(single.told[2]!.gradientNorm).toBe(0);

    const others = await stepByStep({ ...own, accumulation: 1, feeds: [[first![0]], [second![1]]] });
    expect(single.told.slice(0, 2).map(({ gradientNorm }) => gradientNorm)).toEqual(others.told.map(({ gradientNorm }) => gradientNorm));
    for (const [step, state] of others.states.entries()) for (const [tensor, { data }] of Object.entries(state)) expect(single.states[step]![tensor]!.data, `${tensor} after step ${step + 1}`).toEqual(data);
    expect(Object.values(single.states[2]!).every(({ data }) => (data as Float32Array).every(Number.isFinite))).toBe(true);

    const grouped = await inGroups({ ...own, feeds }, [3]);
    expect(grouped.told).toEqual(single.told);
    for (const [tensor, { data }] of Object.entries(single.states[2]!)) expect(bytes(grouped.states[0]![tensor]!).equals(bytes({ data })), tensor).toBe(true);
  });
});

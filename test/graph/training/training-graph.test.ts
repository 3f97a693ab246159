import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { encodeModel } from '../../../src/graph/encode.js';
import { trainingBlocksFor } from '../../../src/graph/layers/causal-blocks.js';
import { buildTrainingGraph, gradientName, momentName, nextName, varianceName, type TrainingGraphOptions } from '../../../src/graph/training-graph.js';
import { openCheckpoint } from '../../../src/model/checkpoint.js';
import { readSafetensors } from '../../../src/model/safetensors.js';
import type { Tensors } from '../../../src/runtime/protocol.js';
import { openSession, type Session } from '../../../src/runtime/session.js';
import { selectTokens } from '../../../src/selection/select-tokens.js';

const FIXTURES = fileURLToPath(new URL('../../fixtures/', import.meta.url));
const CASES = readdirSync(`${FIXTURES}training`);

interface Expected {
  readonly inputIds: readonly (readonly number[])[];
  readonly lossNats: number;
  readonly gradientNorm: number;
  readonly optimizer: { readonly lr: number; readonly betas: readonly [number, number]; readonly eps: number; readonly weightDecay: number; readonly clipNorm: number };
  readonly lossCurveNats: readonly number[];
}

async function tensorsOf(path: string): Promise<Map<string, Float32Array>> {
  const bytes = readFileSync(path);
  const { tensors } = await readSafetensors(path);
  return new Map([...tensors.values()].map(({ name, byteOffset, byteLength }) => [name, new Float32Array(bytes.buffer.slice(bytes.byteOffset + byteOffset, bytes.byteOffset + byteOffset + byteLength))]));
}

async function openCase(name: string): Promise<{ expected: Expected; options: TrainingGraphOptions; parameters: Map<string, Float32Array>; oracle: Map<string, Float32Array> }> {
  const expected = JSON.parse(readFileSync(`${FIXTURES}training/${name}/expected.json`, 'utf8')) as Expected;
  const { spec } = await openCheckpoint(`${FIXTURES}oracle/${name}`);
  const { betas, eps, clipNorm } = expected.optimizer;
  const options: TrainingGraphOptions = {
    spec, contextLength: 64, objective: 'causal', phase: 'accumulate', accumulated: false,
    optimizer: { beta1: betas[0], beta2: betas[1], epsilon: eps, clipNorm }, decays: (_parameter, shape) => shape.length >= 2,
  };
  return { expected, options, parameters: await tensorsOf(`${FIXTURES}oracle/${name}/model.safetensors`), oracle: await tensorsOf(`${FIXTURES}training/${name}/gradients.safetensors`) };
}

/** Feeds of a batch that is trained on at every position but the last. */
function batchFeeds(ids: readonly (readonly number[])[]): Tensors {
  const length = ids[0]!.length;
  const count = ids.length * (length - 1);
  const rows = ids.flatMap((sequence, b) => sequence.slice(0, -1).map((_, t) => b * length + t));
  return {
    input_ids: { dtype: 'int32', dims: [ids.length, length], data: Int32Array.from(ids.flat()) },
    rows: { dtype: 'int32', dims: [count], data: Int32Array.from(rows) },
    targets: { dtype: 'int32', dims: [count], data: Int32Array.from(ids.flatMap((sequence) => sequence.slice(1))) },
  };
}

const scalar = (value: number): Tensors[string] => ({ dtype: 'float32', dims: [], data: Float32Array.of(value) });
const float32 = (shape: readonly number[], data: Float32Array): Tensors[string] => ({ dtype: 'float32', dims: shape, data });
const floats = (outputs: Tensors, name: string): Float32Array => outputs[name]!.data as Float32Array;

describe('a training step equals PyTorch', () => {
  it.each(CASES)('%s: every gradient within 1e-4 of its largest entry', async (name) => {
    const { expected, options, parameters, oracle } = await openCase(name);
    const built = buildTrainingGraph(options);
    expect(built.parameters.map((parameter) => parameter.name).sort()).toEqual([...oracle.keys()].sort());
    const session = await openSession({ device: { kind: 'cpu' }, model: encodeModel(built.graph), weightsFolder: null, threads: 1, spin: false });
    const feeds = Object.fromEntries(built.parameters.map((parameter) => [parameter.name, float32(parameter.shape, parameters.get(parameter.name)!)]));
    const outputs = await session.run({ ...batchFeeds(expected.inputIds), ...feeds });
    const count = expected.inputIds.length * (expected.inputIds[0]!.length - 1);
    expect(floats(outputs, 'loss_sum')[0]! / count).toBeCloseTo(expected.lossNats, 4);
    for (const [parameter, exact] of oracle) {
      const found = floats(outputs, nextName(gradientName(parameter))).map((grad) => grad / count);
      const largest = exact.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const worst = found.reduce((most, value, at) => Math.max(most, Math.abs(value - exact[at]!)), 0);
      expect(worst / largest, parameter).toBeLessThan(1e-4);
    }
    await session.release();
  });

  it.each(CASES)('%s: 50 steps of AdamW with clipping follow its loss curve within 1e-3', async (name) => {
    const { expected, options, parameters } = await openCase(name);
    const built = buildTrainingGraph({ ...options, phase: 'update' });
    const session = await openSession({ device: { kind: 'cpu' }, model: encodeModel(built.graph), weightsFolder: null, threads: 1, spin: false });
    let state: Tensors = Object.fromEntries(built.parameters.flatMap(({ name: parameter, shape }) => {
      const zeros = (): Float32Array => new Float32Array(parameters.get(parameter)!.length);
      return [[parameter, float32(shape, parameters.get(parameter)!)], [momentName(parameter), float32(shape, zeros())], [varianceName(parameter), float32(shape, zeros())]];
    }));
    const { lr, betas, weightDecay } = expected.optimizer;
    const count = expected.inputIds.length * (expected.inputIds[0]!.length - 1);
    for (const [at, loss] of expected.lossCurveNats.entries()) {
      const outputs = await session.run({
        ...batchFeeds(expected.inputIds), ...state,
        step_size: scalar(lr / (1 - betas[0] ** (at + 1))),
        variance_scale: scalar(1 / Math.sqrt(1 - betas[1] ** (at + 1))),
        decay: scalar(1 - lr * weightDecay), denominator: scalar(0), kept_before: scalar(0),
      });
      expect(Math.abs(floats(outputs, 'loss_sum')[0]! / count - loss)).toBeLessThan(1e-3);
      if (at === 0) expect(floats(outputs, 'gradient_norm')[0]).toBeCloseTo(expected.gradientNorm, 3);
      state = Object.fromEntries(Object.keys(state).map((input) => [input, outputs[nextName(input)]!]));
    }
    await session.release();
  });
});

describe('attention in blocks', () => {
  it.each(['llama-gqa-tied', 'mistral-sliding-window', 'gpt2'])('%s: has the gradients of attention in one piece, whatever the length', async (name) => {
    const { options, parameters } = await openCase(name);
    const open = async (contextLength: number): Promise<{ session: Session; weights: Tensors }> => {
      const built = buildTrainingGraph({ ...options, contextLength });
      const session = await openSession({ device: { kind: 'cpu' }, model: encodeModel(built.graph), weightsFolder: null, threads: 1, spin: false });
      return { session, weights: Object.fromEntries(built.parameters.map((parameter) => [parameter.name, float32(parameter.shape, parameters.get(parameter.name)!)])) };
    };
    const [whole, cut] = [await open(64), await open(256)];
    expect([64, 256].map(trainingBlocksFor)).toEqual([1, 4]);
    for (const length of [4, 17, 50]) {
      const ids = Array.from({ length: 2 }, (_, sequence) => Array.from({ length }, (_, at) => (at * 31 + sequence * 7) % 64));
      const expected = await whole.session.run({ ...batchFeeds(ids), ...whole.weights });
      const found = await cut.session.run({ ...batchFeeds(ids), ...cut.weights });
      for (const parameter of Object.keys(whole.weights)) {
        const exact = floats(expected, nextName(gradientName(parameter)));
        const largest = exact.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const worst = floats(found, nextName(gradientName(parameter))).reduce((most, value, at) => Math.max(most, Math.abs(value - exact[at]!)), 0);
        expect(worst / largest, `${parameter} at ${length} positions`).toBeLessThan(1e-5);
      }
    }
    await whole.session.release();
    await cut.session.release();
  });
});

describe('repeatability', () => {
  it('uses no ScatterND: with it, runs on several busy threads ended in different weights, since its additions come in any order', async () => {
    const { options } = await openCase('llama-gqa-tied');
    for (const objective of ['causal', 'selective'] as const) {
      const { nodes } = buildTrainingGraph({ ...options, objective, phase: 'update' }).graph;
      expect(nodes.map(({ op }) => op)).toContain('ScatterElements');
      expect(nodes.map(({ op }) => op)).not.toContain('ScatterND');
    }
  });
});

describe('selection inside the step', () => {
  it('keeps the highest excess losses of each group, and selecting everything is plain training bit for bit', async () => {
    const { expected, options, parameters } = await openCase('llama-gqa-tied');
    const feeds = batchFeeds(expected.inputIds);
    const groups = expected.inputIds.length;
    const length = expected.inputIds[0]!.length - 1;
    const plain = buildTrainingGraph(options);
    const weights = Object.fromEntries(plain.parameters.map(({ name, shape }) => [name, float32(shape, parameters.get(name)!)]));
    const causal = await openSession({ device: { kind: 'cpu' }, model: encodeModel(plain.graph), weightsFolder: null, threads: 1, spin: false });
    const whole = await causal.run({ ...feeds, ...weights });
    await causal.release();

    const session = await openSession({ device: { kind: 'cpu' }, model: encodeModel(buildTrainingGraph({ ...options, objective: 'selective' }).graph), weightsFolder: null, threads: 1, spin: false });
    const reference = Float32Array.from({ length: groups * length }, (_, at) => ((at * 7919) % 13) / 2);
    reference[3] = Infinity; // no candidate, even where more are asked for than there are
    const select = (keep: readonly number[], offsets: Float32Array): Promise<Tensors> => session.run({
      ...feeds, ...weights,
      offsets: float32([groups, length], offsets), live_weight: scalar(1), threshold: scalar(-3e38), keep: { dtype: 'int64', dims: [groups], data: BigInt64Array.from(keep, BigInt) },
    });

    const some = await select([4, 6], reference.map((loss) => -loss));
    const excess = floats(some, 'live_loss').map((loss, at) => loss - reference[at]!);
    const expectedOrder = [0, 1].flatMap((group) => Array.from({ length }, (_, t) => group * length + t).sort((a, b) => excess[b]! - excess[a]! || a - b).slice(0, [4, 6][group]).sort((a, b) => a - b));
    expect([...(some['selected']!.data as BigInt64Array)].map(Number)).toEqual(expectedOrder);
    expect(expectedOrder).not.toContain(3);

    const everything = await select([length, length], Float32Array.from(reference, (_, at) => (at * 7919) % 31));
    for (const { name } of plain.parameters) {
      expect(floats(everything, nextName(gradientName(name)))).toEqual(floats(whole, nextName(gradientName(name))));
    }
    await session.release();
  });

  it('with a temperature adds up the gradients of single tokens, each times its weight, and follows the slope of the weighted loss', async () => {
    const { expected, options, parameters } = await openCase('llama-gqa-tied');
    const feeds = batchFeeds(expected.inputIds);
    const count = feeds['targets']!.data.length;
    const plain = buildTrainingGraph(options);
    const weighted = (at: number, direction?: ReadonlyMap<string, Float32Array>): Tensors => Object.fromEntries(plain.parameters.map(({ name, shape }) => {
      const values = parameters.get(name)!;
      return [name, float32(shape, direction === undefined ? values : values.map((value, i) => value + at * direction.get(name)![i]!))];
    }));
    const causal = await openSession({ device: { kind: 'cpu' }, model: encodeModel(plain.graph), weightsFolder: null, threads: 1, spin: false });
    const reference = Float32Array.from({ length: count }, (_, at) => ((at * 7919) % 13) / 2);
    const { live_loss: live } = await causal.run({ ...feeds, ...weighted(0) });
    const liveLoss = live!.data as Float32Array;
    const rule = { keepFraction: 0.3, reweight: { temperature: 1.5 } };
    const { weights, kept, denominator } = selectTokens({ sequenceOffsets: Int32Array.of(0, count), step: 0, liveLoss, referenceLoss: reference }, rule);
    expect(denominator).toBeGreaterThan(kept + 1);

    const sums = new Map(plain.parameters.map(({ name }) => [name, new Float64Array(parameters.get(name)!.length)]));
    for (let at = 0; at < count; at++) {
      const one = (name: 'rows' | 'targets'): Tensors[string] => ({ dtype: 'int32', dims: [1], data: (feeds[name]!.data as Int32Array).slice(at, at + 1) });
      const single = await causal.run({ ...feeds, ...weighted(0), rows: one('rows'), targets: one('targets') });
      for (const [name, sum] of sums) floats(single, nextName(gradientName(name))).forEach((value, i) => { sum[i]! += weights![at]! * value; });
    }

    const session = await openSession({ device: { kind: 'cpu' }, model: encodeModel(buildTrainingGraph({ ...options, objective: 'selective', temperature: 1.5 }).graph), weightsFolder: null, threads: 1, spin: false });
    const found = await session.run({
      ...feeds, ...weighted(0),
      offsets: float32([1, count], reference.map((loss) => -loss)), live_weight: scalar(1), threshold: scalar(-3e38), keep: { dtype: 'int64', dims: [1], data: BigInt64Array.of(BigInt(kept)) },
    });
    const weightedLoss = (losses: Float32Array): number => losses.reduce((sum, loss, at) => sum + loss * weights![at]!, 0);
    expect(found['selected']!.data).toHaveLength(kept);
    expect(floats(found, 'weight_sum')[0]).toBeCloseTo(denominator, 4);
    expect(floats(found, 'loss_sum')[0]).toBeCloseTo(weightedLoss(liveLoss), 3);
    let slope = 0;
    const direction = new Map<string, Float32Array>();
    for (const [name, sum] of sums) {
      const gradient = floats(found, nextName(gradientName(name)));
      const largest = sum.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(gradient.reduce((most, value, i) => Math.max(most, Math.abs(value - sum[i]!)), 0) / largest, name).toBeLessThan(2e-5);
      direction.set(name, Float32Array.from(gradient, (_, i) => Math.sin(i + name.length)));
      gradient.forEach((value, i) => { slope += value * direction.get(name)![i]!; });
    }

    // Weights are constants of the step: they depend on the live loss, and no gradient goes through them.
    const H = 1e-3;
    const [above, below] = [await causal.run({ ...feeds, ...weighted(H, direction) }), await causal.run({ ...feeds, ...weighted(-H, direction) })];
    const difference = (weightedLoss(floats(above, 'live_loss')) - weightedLoss(floats(below, 'live_loss'))) / (2 * H);
    expect(Math.abs(difference / slope - 1)).toBeLessThan(1e-2);
    await Promise.all([causal.release(), session.release()]);
  });

  it('with a temperature and everything kept is plain training bit for bit', async () => {
    const { expected, options, parameters } = await openCase('qwen3');
    const feeds = batchFeeds(expected.inputIds);
    const count = feeds['targets']!.data.length;
    const gradientsOf = async (graph: TrainingGraphOptions, more: Tensors): Promise<Tensors> => {
      const built = buildTrainingGraph(graph);
      const session = await openSession({ device: { kind: 'cpu' }, model: encodeModel(built.graph), weightsFolder: null, threads: 1, spin: false });
      const outputs = await session.run({ ...feeds, ...Object.fromEntries(built.parameters.map(({ name, shape }) => [name, float32(shape, parameters.get(name)!)])), ...more });
      await session.release();
      return outputs;
    };
    const plain = await gradientsOf(options, {});
    const all = await gradientsOf({ ...options, objective: 'selective', temperature: 0.1 }, {
      offsets: float32([1, count], new Float32Array(count).fill(-2)), live_weight: scalar(1), threshold: scalar(-3e38), keep: { dtype: 'int64', dims: [1], data: BigInt64Array.of(BigInt(count)) },
    });
    for (const name of Object.keys(plain)) expect(all[name], name).toEqual(plain[name]);
    expect(Object.keys(plain).length).toBeGreaterThan(10);
  });
});

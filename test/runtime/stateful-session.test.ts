import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../src/graph/builder.js';
import { encodeModel } from '../../src/graph/encode.js';
import { add, mul } from '../../src/graph/ops.js';
import { buildLoopedTrainingGraph } from '../../src/graph/looped-training-graph.js';
import { buildTrainingGraph, momentName, nextName, varianceName } from '../../src/graph/training-graph.js';
import type { TrainingStepOptions } from '../../src/graph/training-step.js';
import { openCheckpoint } from '../../src/model/checkpoint.js';
import type { Tensors } from '../../src/runtime/protocol.js';
import { openSession } from '../../src/runtime/session.js';
import { openStatefulSession, type StatefulSession } from '../../src/runtime/stateful-session.js';
import { temporaryFolder } from '../scoring/demo-run.js';

const scalar = (value: number): Tensors[string] => ({ dtype: 'float32', dims: [], data: Float32Array.of(value) });

/** A session on cuda:1 whose calls throw these in turn, and what it was asked. */
async function scripted(...faults: readonly (string | null)[]): Promise<{ readonly session: StatefulSession; readonly log: () => string[] }> {
  const log = join(temporaryFolder(), 'log');
  const spec = { graphs: {}, device: { kind: 'cuda', id: 1 } as const, threads: 1, model: JSON.stringify({ log, faults: { 'cuda:1': faults } }) };
  return { session: await openStatefulSession(spec, {}, { worker: new URL('./scripted-session.worker.mjs', import.meta.url).href }), log: () => readFileSync(log, 'utf8').trimEnd().split('\n') };
}

describe('a stateful session on CUDA', () => {
  it('says what to change where memory runs out', async () => {
    const { session } = await scripted('Status Message: Failed to allocate memory for requested buffer of size 8388608000');
    await expect(session.run('last', {})).rejects.toMatchObject({ kind: 'io', message: expect.stringMatching(/^cuda:1 has run out of memory \(no room for a buffer of 8388608000 bytes\)$/) as string, advice: expect.stringContaining('batch.accumulation') as string });
    await session.close();
  });

  it('whose context broke asks for a new process, and does not call into it again', async () => {
    const { session, log } = await scripted('Status Message: CUDA failure 719: unspecified launch failure ; GPU=1 ; hostname=n1 ; ');
    await expect(session.run('last', {})).rejects.toMatchObject({ kind: 'retryable', message: 'cuda:1 is lost: CUDA failure 719: unspecified launch failure', advice: expect.stringContaining('--resume') as string });
    await session.close();
    expect(log()).toEqual(['cuda:1 open', 'cuda:1 run']);
  });

  it('leaves other errors as they are', async () => {
    const { session, log } = await scripted('Got invalid dimensions for input: rows');
    await expect(session.run('last', {})).rejects.toThrow(/^Got invalid dimensions for input: rows$/);
    await session.close();
    expect(log()).toEqual(['cuda:1 open', 'cuda:1 run', 'cuda:1 close']);
  });
});

describe('a stateful session', () => {
  it('feeds its state to graphs, replaces it by their next outputs, and gives out copies', async () => {
    const g = new GraphBuilder('grow');
    const x = g.input('x', 'float32', [2]);
    const factor = g.input('factor', 'float32', []);
    g.output('x/next', add(g, mul(g, x, factor), x));
    g.output('seen', mul(g, x, factor));
    const session = await openStatefulSession({ graphs: { grow: encodeModel(g.build()) }, device: { kind: 'cpu' }, threads: 1 }, { x: { dtype: 'float32', dims: [2], data: Float32Array.of(1, 2) } });
    const first = await session.run('grow', { factor: scalar(2) });
    expect(Object.keys(first)).toEqual(['seen']);
    expect([...(first['seen']!.data as Float32Array)]).toEqual([2, 4]);
    const copy = await session.read(['x']);
    expect([...(copy['x']!.data as Float32Array)]).toEqual([3, 6]);
    await session.run('grow', { factor: scalar(1) });
    expect([...(copy['x']!.data as Float32Array)]).toEqual([3, 6]);
    expect([...((await session.read(['x']))['x']!.data as Float32Array)]).toEqual([6, 12]);
    await session.close();
  });

  // Writing an output over the input it replaces is sound only while nothing reads the input afterwards.
  // A Loop writes its outputs after its last iteration.
  it.each([['llama-gqa-tied', 1], ['gpt2', 1], ['llama-gqa-tied', 3], ['gpt2', 3]])('%s, %d steps a run: updating weights and moments in place gives the bits of updating them out of place', async (name, steps) => {
    const folder = fileURLToPath(new URL(`../fixtures/oracle/${name}`, import.meta.url));
    const { spec, weights } = await openCheckpoint(folder);
    const file = readFileSync(`${folder}/model.safetensors`);
    const options: TrainingStepOptions = { spec, contextLength: 64, objective: 'causal', optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, clipNorm: 1 }, decays: (_parameter, shape) => shape.length >= 2 };
    const built = steps === 1 ? buildTrainingGraph({ ...options, phase: 'update', accumulated: false }) : buildLoopedTrainingGraph({ ...options, accumulation: 1 });
    const model = encodeModel(built.graph);
    const initial = (): Record<string, Tensors[string]> => Object.fromEntries(built.parameters.flatMap(({ name: parameter, shape }) => {
      const { byteOffset, byteLength } = weights.get(parameter)!;
      const data = new Float32Array(file.buffer.slice(file.byteOffset + byteOffset, file.byteOffset + byteOffset + byteLength));
      const zeros = (): Tensors[string] => ({ dtype: 'float32', dims: shape, data: new Float32Array(data.length) });
      return [[parameter, { dtype: 'float32', dims: shape, data }], [momentName(parameter), zeros()], [varianceName(parameter), zeros()]];
    }));
    const length = 20;
    const ids = Int32Array.from({ length: 3 * length }, (_, at) => (at * 31) % spec.vocabSize);
    const rows = Int32Array.from({ length: 3 * (length - 1) }, (_, at) => Math.floor(at / (length - 1)) * length + (at % (length - 1)));
    const ofOneStep: Tensors = {
      input_ids: { dtype: 'int32', dims: [3, length], data: ids },
      rows: { dtype: 'int32', dims: [rows.length], data: rows },
      targets: { dtype: 'int32', dims: [rows.length], data: rows.map((row) => ids[row + 1]!) },
      denominator: scalar(0), step_size: scalar(1e-2), variance_scale: scalar(3), decay: scalar(0.999),
    };
    const repeated = Object.fromEntries(Object.entries(ofOneStep).map(([input, { dtype, dims, data }]) => {
      const all = new (data.constructor as new (size: number) => Float32Array)(steps * data.length);
      for (let step = 0; step < steps; step++) all.set(data as Float32Array, step * data.length);
      return [input, { dtype, dims: [steps, ...dims], data: all }];
    }));
    const counts: Tensors[string] = { dtype: 'int64', dims: [steps], data: new BigInt64Array(steps).fill(BigInt(rows.length)) };
    const feeds: Tensors = steps === 1 ? { ...ofOneStep, kept_before: scalar(0) } : { ...repeated, counts };

    const outOfPlace = await openSession({ device: { kind: 'cpu' }, model, weightsFolder: null, threads: 2, spin: false });
    let state: Tensors = initial();
    for (let step = 0; step < 5; step++) {
      const outputs = await outOfPlace.run({ ...feeds, ...state });
      state = Object.fromEntries(Object.keys(state).map((input) => [input, outputs[nextName(input)]!]));
    }
    await outOfPlace.release();

    const inPlace = await openStatefulSession({ graphs: { step: model }, device: { kind: 'cpu' }, threads: 2 }, initial());
    for (let step = 0; step < 5; step++) await inPlace.run('step', feeds);
    const updated = await inPlace.read(Object.keys(state));
    for (const [input, { data }] of Object.entries(state)) expect(updated[input]!.data, input).toEqual(data);
    await inPlace.close();
  });
});

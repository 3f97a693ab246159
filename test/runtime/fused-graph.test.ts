import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encodeModel } from '../../src/graph/encode.js';
import type { Graph } from '../../src/graph/ir.js';
import { HEAD_CHUNKS } from '../../src/graph/layers/unrolled-loss-head.js';
import { buildFusedScoringGraph, buildScoringGraph, type ScoringGraphOptions } from '../../src/graph/scoring-graph.js';
import { openCheckpoint, type Checkpoint } from '../../src/model/checkpoint.js';
import { openSession } from '../../src/runtime/session.js';
import { CONFIGS, randomCheckpoint } from '../graph/random-checkpoint.js';

const ORACLE = new URL('../fixtures/oracle/', import.meta.url).pathname;
const VOCABULARY = 101;

interface Losses {
  readonly loss: Float32Array;
  readonly entropy: Float32Array;
  readonly top1: Uint8Array;
}

/** The losses of all tokens but the first of each sequence, which are padded to `length`, one sequence after the other. */
async function score(graph: Graph, weightsFolder: string, sequences: readonly (readonly number[])[], length: number): Promise<Losses> {
  const ids = new Int32Array(sequences.length * length);
  const rows: number[] = [];
  const targets: number[] = [];
  sequences.forEach((tokens, at) => {
    ids.set(tokens, at * length);
    for (let t = 1; t < tokens.length; t++) {
      rows.push(at * length + t - 1);
      targets.push(tokens[t]!);
    }
  });
  const scored = rows.length;
  while (rows.length % HEAD_CHUNKS !== 0) rows.push(0);
  const chunked = (values: readonly number[]) => {
    const data = new Int32Array(rows.length);
    data.set(values);
    return { dtype: 'int32' as const, dims: [HEAD_CHUNKS, rows.length / HEAD_CHUNKS], data };
  };
  const session = await openSession({ device: { kind: 'cpu' }, model: encodeModel(graph), weightsFolder, threads: 1, spin: false });
  const outputs = await session.run({ input_ids: { dtype: 'int32', dims: [sequences.length, length], data: ids }, rows: chunked(rows), targets: chunked(targets) });
  await session.release();
  return {
    loss: (outputs['loss']!.data as Float32Array).slice(0, scored),
    entropy: (outputs['entropy']!.data as Float32Array).slice(0, scored),
    top1: (outputs['top1']!.data as Uint8Array).slice(0, scored),
  };
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Number.isFinite(a[i]! - b[i]!) ? Math.max(largest, Math.abs(a[i]! - b[i]!)) : Infinity;
  return largest;
}

const sequenceOf = (length: number, seed: number): number[] => Array.from({ length }, (_, i) => (i * 37 + seed * 11 + ((i * i) % 53)) % VOCABULARY);
const SEQUENCES = [sequenceOf(20, 1), sequenceOf(9, 2), sequenceOf(31, 3)];

function options({ spec, weights }: Checkpoint): ScoringGraphOptions {
  return { spec, weights, contextLength: 64, stats: { entropy: true, top1: true } };
}

describe('the fused decoder', () => {
  it.each(Object.keys(CONFIGS))('%s: is the plain one, to 1e-5 nats in float32', async (name) => {
    const checkpoint = await randomCheckpoint(CONFIGS[name]!);
    const plain = await score(buildScoringGraph(options(checkpoint)), checkpoint.weightsFolder, SEQUENCES, 31);
    const fused = await score(buildFusedScoringGraph(options(checkpoint), 'float32'), checkpoint.weightsFolder, SEQUENCES, 31);
    expect(largestDifference(fused.loss, plain.loss)).toBeLessThanOrEqual(1e-5);
    expect(largestDifference(fused.entropy, plain.entropy)).toBeLessThanOrEqual(1e-5);
    expect(fused.top1).toEqual(plain.top1);
  });

  // Measured with onnxruntime 1.29.0 and 1.30.0: 0.017 at most, 0.0042 on average, at losses of 1 to 8.4 nats of weights drawn at random.
  it.each(Object.keys(CONFIGS))('%s: is at most 0.05 nats off in float16, 0.01 on average', async (name) => {
    const checkpoint = await randomCheckpoint(CONFIGS[name]!);
    const plain = await score(buildScoringGraph(options(checkpoint)), checkpoint.weightsFolder, SEQUENCES, 31);
    const half = await score(buildScoringGraph({ ...options(checkpoint), numerics: { precision: 'float16', device: 'cuda' } }), checkpoint.weightsFolder, SEQUENCES, 31);
    expect(largestDifference(half.loss, plain.loss)).toBeLessThanOrEqual(0.05);
    expect(largestDifference(half.entropy, plain.entropy)).toBeLessThanOrEqual(0.05);
    const mean = half.loss.reduce((sum, value, at) => sum + Math.abs(value - plain.loss[at]!), 0) / half.loss.length;
    expect(mean).toBeGreaterThan(1e-5);
    expect(mean).toBeLessThanOrEqual(0.01);
  });

  it.each(['F16', 'BF16'] as const)('reads weights stored as %s', async (dtype) => {
    const checkpoint = await randomCheckpoint(CONFIGS['llama, grouped queries, tied']!, dtype);
    const plain = await score(buildScoringGraph(options(checkpoint)), checkpoint.weightsFolder, SEQUENCES, 31);
    const half = await score(buildScoringGraph({ ...options(checkpoint), numerics: { precision: 'float16', device: 'cuda' } }), checkpoint.weightsFolder, SEQUENCES, 31);
    expect(largestDifference(half.loss, plain.loss)).toBeLessThanOrEqual(0.05);
  });

  const names = readdirSync(ORACLE).filter((name) => /^(mistral|qwen2|gpt2$|gpt-neox)/.test(name));
  it.each(names)('%s: gives the losses of PyTorch, to 1e-4 nats in float32', async (name) => {
    const checkpoint = await openCheckpoint(ORACLE + name);
    const { sequences } = JSON.parse(readFileSync(`${ORACLE}${name}/expected.json`, 'utf8')) as { sequences: { tokenIds: number[]; lossNats: (number | null)[] }[] };
    const longest = Math.max(...sequences.map(({ tokenIds }) => tokenIds.length));
    const graph = buildFusedScoringGraph({ ...options(checkpoint), contextLength: 128 }, 'float32');
    const { loss } = await score(graph, checkpoint.weightsFolder, sequences.map(({ tokenIds }) => tokenIds), longest);
    expect(largestDifference(loss, sequences.flatMap(({ lossNats }) => lossNats.slice(1)) as number[])).toBeLessThanOrEqual(1e-4);
  });

  it.each(['llama, grouped queries, tied', 'mistral, sliding window', 'gpt2'])('%s: padding and batch mates change a float32 loss by 1e-5 nats at most', async (name) => {
    const checkpoint = await randomCheckpoint(CONFIGS[name]!);
    const graph = buildFusedScoringGraph(options(checkpoint), 'float32');
    const together = await score(graph, checkpoint.weightsFolder, SEQUENCES, 40);
    const alone = await Promise.all(SEQUENCES.map((tokens) => score(graph, checkpoint.weightsFolder, [tokens], tokens.length)));
    expect(largestDifference(together.loss, alone.flatMap(({ loss }) => [...loss]))).toBeLessThanOrEqual(1e-5);
  });

  it('refuses heads that no fused attention takes, and says what to do', async () => {
    const checkpoint = await randomCheckpoint({ ...CONFIGS['llama, grouped queries, tied'], head_dim: 12 });
    expect(() => buildFusedScoringGraph(options(checkpoint), 'float16')).toThrow(
      expect.objectContaining({ kind: 'usage', message: expect.stringContaining('this model\'s have 12') as string, advice: 'Use --precision float32.' }),
    );
  });
});

describe('the float32 graph for CUDA', () => {
  it.each(['llama, grouped queries, tied', 'gpt2', 'gpt-neox, parallel, without attention biases'])('%s: gives the losses of the CPU graph, to 1e-5 nats', async (name) => {
    const checkpoint = await randomCheckpoint(CONFIGS[name]!);
    const plain = await score(buildScoringGraph(options(checkpoint)), checkpoint.weightsFolder, SEQUENCES, 31);
    const cuda = await score(buildScoringGraph({ ...options(checkpoint), numerics: { precision: 'float32', device: 'cuda' } }), checkpoint.weightsFolder, SEQUENCES, 31);
    expect(largestDifference(cuda.loss, plain.loss)).toBeLessThanOrEqual(1e-5);
    expect(largestDifference(cuda.entropy, plain.entropy)).toBeLessThanOrEqual(1e-5);
    expect(cuda.top1).toEqual(plain.top1);
  });
});

import { createRandom } from '../../../src/math/random.js';
import type { TrainingBatch } from '../../../src/training/data/batch.js';
import { packBatches } from '../../../src/training/data/pack-batches.js';
import { streamRows } from '../../../src/training/data/stream-rows.js';
import type { TrainOptions } from '../../../src/training/options.js';
import type { LlamaShape } from '../random-checkpoint.js';

/** 10.5 M parameters: 6.3 M in the layers, 2.1 M each in embedding and head. */
export const TEN_MILLION: LlamaShape = { layers: 8, hiddenSize: 256, heads: 4, intermediateSize: 688, vocabSize: 8192, maxPositions: 512 };

/** B and T. */
export interface BatchSize {
  readonly sequences: number;
  readonly length: number;
}

export const OPTIMIZER = { learningRate: 1e-3, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1 } as const;

/** `keepFraction`: of a selective objective; null = causal, on every token. */
export function trainOptions({ sequences, length }: BatchSize, keepFraction: number | null, threads: number, stepsPerTransfer = 1): TrainOptions {
  return {
    objective: { kind: keepFraction === null ? 'causal' : 'selective' },
    model: { path: null, init: null, seed: '' },
    tokenizer: { path: null },
    data: { scores: null, corpus: null, textField: ['text'], length, bos: 'none', seed: '', windowTokens: 1, verify: true },
    batch: { sequences, accumulation: 1 },
    optimizer: { ...OPTIMIZER, minLearningRate: OPTIMIZER.learningRate, schedule: 'constant', warmupSteps: 0 },
    selection: { ...(keepFraction === null ? {} : { score: 'excess', keepFraction }), seed: 0 },
    run: { steps: 1e6, threads, device: { kind: 'cpu' }, stepsPerTransfer, evaluateEvery: 1e6, evaluateOn: {}, alignmentEvery: 4, checkpointEvery: 1e6 },
    output: { folder: '', dtype: 'F32' },
  };
}

/** Of tokens that the one before foretells. */
const FORETOLD = 0.8;

/** The first batches of a language that can be learned: four of five tokens follow from the one before, the others are drawn. Reference losses are drawn from 0 to 10 nats. */
export async function trainingBatches({ sequences, length }: BatchSize, vocabSize: number, count: number): Promise<TrainingBatch[]> {
  const random = createRandom('training bench');
  const successor = Int32Array.from({ length: vocabSize }, () => random.below(vocabSize));
  const tokenIds = new Int32Array(count * sequences * length + 1);
  for (let at = 1; at < tokenIds.length; at++) tokenIds[at] = random.chance(FORETOLD) ? successor[tokenIds[at - 1]!]! : random.below(vocabSize);
  const source = streamRows({ name: 'training bench', seed: null, vocabSize, open: () => once({ tokenIds }) });
  const format = { layout: 'document', length, prefixId: null, separatorId: 0 } as const;
  const batches: TrainingBatch[] = [];
  for await (const batch of packBatches(source, { format, sequences, positions: 'all' })) {
    batches.push({ ...batch, reference: Float32Array.from(batch.targets, () => 10 * random.float()) });
    if (batches.length === count) break;
  }
  return batches;
}

async function* once<T>(value: T): AsyncGenerator<T, void, undefined> {
  yield await Promise.resolve(value);
}

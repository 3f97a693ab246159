import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildEvaluationGraph } from '../../src/graph/evaluation-graph.js';
import { narrowToFloat16 } from '../../src/math/half-precision.js';
import { createRandom } from '../../src/math/random.js';
import type { ModelSpec } from '../../src/records.js';
import type { TensorShape } from '../../src/model/float-tensor.js';
import { specFromConfig } from '../../src/model/spec-from-config.js';

/** Sizes of a Llama without biases and with an untied head; every head has keys and values of its own. */
export interface LlamaShape {
  readonly layers: number;
  readonly hiddenSize: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly vocabSize: number;
  readonly maxPositions: number;
}

/** The shape small reference models have been published in: 134 M parameters, 110 M of them in matrix products. */
export const SMALL: LlamaShape = { layers: 12, hiddenSize: 768, heads: 12, intermediateSize: 2048, vocabSize: 32_000, maxPositions: 512 };

/** Half the width of the uniform distribution that has the standard deviation 0.02. */
const SPREAD = 0.02 * Math.sqrt(3);
/** Numbers drawn; weights repeat them from places that are drawn too. */
const DRAWN = 1 << 20;
/** Values written at a time. */
const CHUNK_VALUES = 1 << 24;

/** Writes a Hugging Face checkpoint of this shape with seeded random float32 weights into `folder`: config.json and model.safetensors. */
export async function writeRandomCheckpoint(folder: string, shape: LlamaShape): Promise<void> {
  await writeRandomModel(folder, configOf(shape), 'F32');
}

/** The same for any config.json of a supported architecture. Norms are one, biases small. */
export async function writeRandomModel(folder: string, config: Readonly<Record<string, unknown>>, dtype: 'F32' | 'F16'): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, dtype: dtype === 'F32' ? 'float32' : 'float16' }, null, 2));
  const tensors = tensorsOf(config);
  const random = createRandom('bench');
  const drawn = Float32Array.from({ length: DRAWN }, () => (2 * random.float() - 1) * SPREAD);
  const ones = new Float32Array(DRAWN).fill(1);
  const [numbers, units] = dtype === 'F32' ? [drawn, ones] : [narrowed(drawn), narrowed(ones)];
  const file = await open(join(folder, 'model.safetensors'), 'w');
  try {
    await file.writeFile(headerOf(tensors, dtype));
    for (const tensor of tensors) {
      const isNorm = /norm(\w*)\.weight$|ln_\w+\.weight$/.test(tensor.name);
      let at = isNorm ? 0 : random.below(DRAWN);
      for (let left = elements(tensor); left > 0; ) {
        const values = repeated(isNorm ? units : numbers, at, Math.min(left, CHUNK_VALUES));
        await file.writeFile(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
        at = (at + values.length) % DRAWN;
        left -= values.length;
      }
    }
  } finally {
    await file.close();
  }
}

function narrowed(values: Float32Array): Uint16Array {
  const bits = new Uint16Array(values.length);
  narrowToFloat16(values, bits);
  return bits;
}

/** `count` of the numbers from `start` on, over and over: drawing every weight would take longer than scoring with it. */
function repeated<Numbers extends Float32Array | Uint16Array>(numbers: Numbers, start: number, count: number): Numbers {
  const values = new (numbers.constructor as new (length: number) => Numbers)(count);
  for (let from = start, to = 0; to < count; from = 0) {
    const part = numbers.subarray(from, from + count - to);
    values.set(part, to);
    to += part.length;
  }
  return values;
}

export function specOf(shape: LlamaShape): ModelSpec {
  return specFromConfig(configOf(shape), 'bench model').spec;
}

function configOf(shape: LlamaShape): Record<string, unknown> {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_size: shape.hiddenSize,
    intermediate_size: shape.intermediateSize,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    num_key_value_heads: shape.heads,
    vocab_size: shape.vocabSize,
    max_position_embeddings: shape.maxPositions,
    hidden_act: 'silu',
    rms_norm_eps: 1e-6,
    rope_theta: 10000,
    tie_word_embeddings: false,
    attention_bias: false,
    mlp_bias: false,
    bos_token_id: 0,
    eos_token_id: 1,
  };
}

/** Every parameter of the model, as the graph whose weights are inputs asks for them. */
function tensorsOf(config: Readonly<Record<string, unknown>>): TensorShape[] {
  const { spec } = specFromConfig(config, 'bench model');
  const data = new Set(['input_ids', 'rows', 'targets']);
  const { inputs } = buildEvaluationGraph(spec, spec.maxPositions);
  return inputs.filter(({ name }) => !data.has(name)).map(({ name, shape }) => ({ name, shape: shape as readonly number[] }));
}

/** https://github.com/huggingface/safetensors#format: the header's length as uint64, the header padded with spaces to 8 bytes, the tensors. */
function headerOf(tensors: readonly TensorShape[], dtype: 'F32' | 'F16'): Buffer {
  let end = 0;
  const entries = tensors.map((tensor) => {
    const begin = end;
    end += elements(tensor) * (dtype === 'F32' ? 4 : 2);
    return [tensor.name, { dtype, shape: tensor.shape, data_offsets: [begin, end] }] as const;
  });
  const json = JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(entries) });
  const padded = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded]);
}

function elements({ shape }: TensorShape): number {
  return shape.reduce((product, size) => product * size, 1);
}

import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom } from '../../src/math/random.js';

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

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Half the width of the uniform distribution that has the standard deviation 0.02. */
const SPREAD = 0.02 * Math.sqrt(3);

/** Writes a Hugging Face checkpoint with seeded random float32 weights into `folder`: config.json and model.safetensors. */
export async function writeRandomCheckpoint(folder: string, shape: LlamaShape): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), JSON.stringify(configOf(shape), null, 2));
  const tensors = tensorsOf(shape);
  const random = createRandom('bench');
  const drawn = Float32Array.from({ length: 1 << 20 }, () => (2 * random.float() - 1) * SPREAD);
  const file = await open(join(folder, 'model.safetensors'), 'w');
  try {
    await file.writeFile(headerOf(tensors));
    const scratch = new Float32Array(Math.max(...tensors.map(elements)));
    for (const tensor of tensors) {
      const values = scratch.subarray(0, elements(tensor));
      if (tensor.name.endsWith('norm.weight')) values.fill(1);
      else repeat(drawn, random.below(drawn.length), values);
      await file.writeFile(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    }
  } finally {
    await file.close();
  }
}

function configOf(shape: LlamaShape): Record<string, unknown> {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    dtype: 'float32',
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

function tensorsOf({ layers, hiddenSize, intermediateSize, vocabSize }: LlamaShape): Tensor[] {
  const square = [hiddenSize, hiddenSize];
  return [
    { name: 'model.embed_tokens.weight', shape: [vocabSize, hiddenSize] },
    ...Array.from({ length: layers }, (_, layer) => [
      { name: `model.layers.${layer}.input_layernorm.weight`, shape: [hiddenSize] },
      ...['q', 'k', 'v', 'o'].map((part) => ({ name: `model.layers.${layer}.self_attn.${part}_proj.weight`, shape: square })),
      { name: `model.layers.${layer}.post_attention_layernorm.weight`, shape: [hiddenSize] },
      { name: `model.layers.${layer}.mlp.gate_proj.weight`, shape: [intermediateSize, hiddenSize] },
      { name: `model.layers.${layer}.mlp.up_proj.weight`, shape: [intermediateSize, hiddenSize] },
      { name: `model.layers.${layer}.mlp.down_proj.weight`, shape: [hiddenSize, intermediateSize] },
    ]).flat(),
    { name: 'model.norm.weight', shape: [hiddenSize] },
    { name: 'lm_head.weight', shape: [vocabSize, hiddenSize] },
  ];
}

/** https://github.com/huggingface/safetensors#format: the header's length as uint64, the header padded with spaces to 8 bytes, the tensors. */
function headerOf(tensors: readonly Tensor[]): Buffer {
  let end = 0;
  const entries = tensors.map((tensor) => {
    const begin = end;
    end += elements(tensor) * 4;
    return [tensor.name, { dtype: 'F32', shape: tensor.shape, data_offsets: [begin, end] }] as const;
  });
  const json = JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(entries) });
  const padded = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded]);
}

/** Fills `values` with the drawn numbers from `start` on, over and over: drawing every weight would take longer than scoring with it. */
function repeat(drawn: Float32Array, start: number, values: Float32Array): void {
  for (let from = start, to = 0; to < values.length; from = 0) {
    const part = drawn.subarray(from, from + values.length - to);
    values.set(part, to);
    to += part.length;
  }
}

function elements({ shape }: Tensor): number {
  return shape.reduce((product, size) => product * size, 1);
}

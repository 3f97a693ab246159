import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { specFromConfig } from '../../../src/model/spec-from-config.js';
import { SHAPES } from '../../bench/gpu/shapes.js';
import { writeRandomModel } from '../../bench/random-checkpoint.js';
import type { Rehearsal } from './rehearsal.js';

const EXPORTED = fileURLToPath(new URL('../../../test/fixtures/foreign', import.meta.url));
const NO_STATS = { entropy: false, top1: false };
const ALL_STATS = { entropy: true, top1: true };
/** Of the published shapes: what one layer does, all do. */
const LAYERS = 2;
/** Positions of a batch of the published shapes. */
const BATCH_TOKENS = 32_768;
const SMALL = { sequences: 4, length: 64 };

const LLAMA = { vocab_size: 101, hidden_size: 64, intermediate_size: 96, num_hidden_layers: 2, num_attention_heads: 4, max_position_embeddings: 128 };
const NEOX = { ...LLAMA, model_type: 'gpt_neox', hidden_act: 'gelu', layer_norm_eps: 1e-5, tie_word_embeddings: false };

/** One small model of each kind for which the graph is another. */
const KINDS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'llama, grouped queries, tied': { ...LLAMA, model_type: 'llama', num_key_value_heads: 2, tie_word_embeddings: true },
  'llama, biases, heads of 24': { ...LLAMA, model_type: 'llama', head_dim: 24, attention_bias: true, mlp_bias: true },
  'mistral, sliding window': { ...LLAMA, model_type: 'mistral', num_key_value_heads: 2, sliding_window: 7 },
  qwen2: { ...LLAMA, model_type: 'qwen2', num_key_value_heads: 2 },
  'qwen3, heads of 32': { ...LLAMA, model_type: 'qwen3', num_key_value_heads: 1, head_dim: 32 },
  gpt2: { model_type: 'gpt2', vocab_size: 101, n_embd: 64, n_head: 4, n_layer: 2, n_positions: 128 },
  'gpt-neox, parallel, a quarter rotated': { ...NEOX, num_attention_heads: 1, rotary_pct: 0.25, use_parallel_residual: true },
  'gpt-neox, sequential, half rotated': { ...NEOX, rotary_pct: 0.5, use_parallel_residual: false, hidden_act: 'relu' },
  'gpt-neox without attention biases': { ...NEOX, rotary_pct: 1, use_parallel_residual: true, attention_bias: false },
};

/** Every graph that scoring on CUDA can be asked for; checkpoints are written into `folder`. */
export async function rehearsals(folder: string): Promise<readonly Rehearsal[]> {
  const made: Rehearsal[] = [];
  for (const { name, length, config, goal } of SHAPES) {
    if (goal === 0) continue;
    const shallow = { ...config, ['n_layer' in config ? 'n_layer' : 'num_hidden_layers']: LAYERS };
    const { model, spec } = await written(join(folder, name), shallow);
    made.push({ name: `${name}, ${LAYERS} layers, float16`, model, spec, precision: 'float16', stats: NO_STATS, sequences: BATCH_TOKENS / length, length });
  }
  for (const [name, config] of Object.entries(KINDS)) {
    const checkpoint = await written(join(folder, name), config);
    for (const precision of ['float16', 'float32'] as const) {
      for (const stats of [NO_STATS, ALL_STATS]) made.push({ name: `${name}, ${precision}${stats === ALL_STATS ? ', entropy, top-1' : ''}`, ...checkpoint, precision, stats, ...SMALL });
    }
  }
  const folders = readdirSync(EXPORTED, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...made, ...folders.map(({ name }): Rehearsal => ({ name: `exported ${name}`, model: join(EXPORTED, name, 'model.onnx'), spec: null, precision: 'float32', stats: ALL_STATS, sequences: 4, length: 16 }))];
}

async function written(model: string, config: Readonly<Record<string, unknown>>): Promise<Pick<Rehearsal, 'model' | 'spec'>> {
  await writeRandomModel(model, config, 'F16');
  return { model, spec: specFromConfig(config, model).spec };
}

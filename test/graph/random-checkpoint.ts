import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { buildEvaluationGraph } from '../../src/graph/evaluation-graph.js';
import { normalDraws } from '../../src/math/normal-draws.js';
import { openCheckpoint, type Checkpoint } from '../../src/model/checkpoint.js';
import { specFromConfig } from '../../src/model/spec-from-config.js';
import { writeSafetensors } from '../../src/model/write-safetensors.js';
import type { ModelSpec, WeightDtype } from '../../src/records.js';

const LLAMA = { vocab_size: 101, hidden_size: 64, intermediate_size: 96, num_hidden_layers: 2, num_attention_heads: 4, max_position_embeddings: 128 };
const NEOX = { ...LLAMA, model_type: 'gpt_neox', hidden_act: 'gelu', layer_norm_eps: 1e-5, tie_word_embeddings: false };

/** One small model of each kind that a decoder is built differently for. Heads have 16 dimensions, unless the name says otherwise. */
export const CONFIGS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'llama, grouped queries, tied': { ...LLAMA, model_type: 'llama', num_key_value_heads: 2, tie_word_embeddings: true },
  'llama, biases, heads of 24': { ...LLAMA, model_type: 'llama', head_dim: 24, attention_bias: true, mlp_bias: true },
  'mistral, sliding window': { ...LLAMA, model_type: 'mistral', num_key_value_heads: 2, sliding_window: 7 },
  'qwen2, biases of queries, keys and values': { ...LLAMA, model_type: 'qwen2', num_key_value_heads: 2 },
  'qwen3, head norms, heads of 32': { ...LLAMA, model_type: 'qwen3', num_key_value_heads: 1, head_dim: 32 },
  'gpt2': { model_type: 'gpt2', vocab_size: 101, n_embd: 64, n_head: 4, n_layer: 2, n_positions: 128 },
  'gpt-neox, parallel, a quarter of 64 dimensions rotated': { ...NEOX, num_attention_heads: 1, rotary_pct: 0.25, use_parallel_residual: true },
  'gpt-neox, sequential, half of 16 dimensions rotated': { ...NEOX, rotary_pct: 0.5, use_parallel_residual: false, hidden_act: 'relu' },
  'gpt-neox, parallel, without attention biases': { ...NEOX, rotary_pct: 1, use_parallel_residual: true, attention_bias: false },
};

const ROOT = mkdtempSync(join(tmpdir(), 'touchstone-random-'));
afterAll(() => {
  rmSync(ROOT, { recursive: true });
});

/** A checkpoint of this configuration with seeded random weights, biases and norms included, in a folder that is gone after the tests of the file. */
export async function randomCheckpoint(config: Readonly<Record<string, unknown>>, dtype: WeightDtype = 'F32'): Promise<Checkpoint> {
  const folder = mkdtempSync(join(ROOT, 'model-'));
  const { spec } = specFromConfig(config, 'test');
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  const sink = (chunk: Uint8Array): Promise<void> => {
    appendFileSync(join(folder, 'model.safetensors'), chunk);
    return Promise.resolve();
  };
  await writeSafetensors(sink, randomTensors(spec), dtype);
  return await openCheckpoint(folder);
}

function randomTensors(spec: ModelSpec): { name: string; shape: readonly number[]; data: Float32Array<ArrayBuffer> }[] {
  const parameters = buildEvaluationGraph(spec, 16).inputs.filter(({ name }) => name.endsWith('.weight') || name.endsWith('.bias'));
  return parameters.map(({ name, shape }) => {
    const draw = normalDraws(name);
    const sizes = shape as readonly number[];
    const count = sizes.reduce((product, size) => product * size, 1);
    const [mean, deviation] = sizes.length === 2 ? [0, 1 / Math.sqrt(Math.min(...sizes))] : name.endsWith('.bias') ? [0, 0.2] : [1, 0.2];
    return { name, shape: sizes, data: Float32Array.from({ length: count }, () => mean + deviation * draw()) };
  });
}

import type { GptNeoxSpec } from '../records.js';
import { activation } from './activation.js';
import type { ConfigFields } from './config-fields.js';
import { rotarySpec } from './rotary.js';
import { unsupported } from './unsupported.js';

/** The spec of a GPT-NeoX (Pythia) config.json. */
export function gptNeoxSpec(config: ConfigFields): GptNeoxSpec {
  const hiddenSize = config.size('hidden_size');
  const heads = config.size('num_attention_heads');
  if (hiddenSize % heads !== 0) {
    throw unsupported(config.subject, `hidden_size (${hiddenSize}) must be a multiple of num_attention_heads, found ${heads}`);
  }
  return {
    family: 'gpt-neox',
    modelType: 'gpt_neox',
    vocabSize: config.size('vocab_size'),
    maxPositions: config.size('max_position_embeddings'),
    hiddenSize,
    intermediateSize: config.size('intermediate_size'),
    layers: config.size('num_hidden_layers'),
    heads,
    normEpsilon: config.positive('layer_norm_eps', 1e-5),
    activation: activation(config, 'hidden_act', 'gelu', ['gelu', 'gelu-tanh', 'relu', 'silu']),
    rotary: rotarySpec(config, hiddenSize / heads, {
      theta: ['rotary_emb_base', 'rope_theta'],
      share: ['rotary_pct', 'partial_rotary_factor'],
      defaultShare: 0.25,
    }),
    parallelResidual: config.flag('use_parallel_residual', true),
    attentionBias: config.flag('attention_bias', true),
    tiedHead: config.flag('tie_word_embeddings', false),
  };
}

import type { Gpt2Spec } from '../records.js';
import { activation } from './activation.js';
import type { ConfigFields } from './config-fields.js';
import { unsupported } from './unsupported.js';

/**
 * The spec of a GPT-2 config.json; GPT-2's own keys and transformers' general ones (n_embd, hidden_size) are both read. `hasWeight` tells the names
 * with the prefix "transformer." from those of the original upload, which have none.
 */
export function gpt2Spec(config: ConfigFields, hasWeight: (name: string) => boolean): Gpt2Spec {
  const hiddenSize = config.size(['n_embd', 'hidden_size']);
  const heads = config.size(['n_head', 'num_attention_heads']);
  if (hiddenSize % heads !== 0) throw unsupported(config.subject, `n_embd (${hiddenSize}) must be a multiple of n_head, found ${heads}`);
  return {
    family: 'gpt2',
    modelType: 'gpt2',
    vocabSize: config.size('vocab_size'),
    maxPositions: config.size(['n_positions', 'max_position_embeddings']),
    hiddenSize,
    intermediateSize: config.sizeOrNull('n_inner', null) ?? 4 * hiddenSize,
    layers: config.size(['n_layer', 'num_hidden_layers']),
    heads,
    normEpsilon: config.positive('layer_norm_epsilon', 1e-5),
    activation: activation(config, 'activation_function', 'gelu_new', ['gelu', 'gelu-tanh', 'relu', 'silu']),
    tiedHead: config.flag('tie_word_embeddings', true),
    weightPrefix: hasWeight('wte.weight') && !hasWeight('transformer.wte.weight') ? '' : 'transformer.',
  };
}

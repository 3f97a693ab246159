import { TouchstoneError } from '../errors.js';
import type { ConfigFields } from './config-fields.js';
import { describe } from './json-object.js';

/** The error for a checkpoint that is sound but asks for arithmetic this program does not do. Its losses would be wrong, so it is refused. */
export function unsupported(subject: string, problem: string, advice = EXPORT_ADVICE): TouchstoneError {
  return new TouchstoneError('usage', `${subject}: ${problem}`, { advice });
}

export const EXPORT_ADVICE = 'An exported decoder .onnx file of the model can be scored instead: give its path.';

interface Behaviour {
  readonly key: string;
  readonly what: string;
  /** Values with which the key changes nothing; a missing key never does. */
  readonly neutral: readonly unknown[];
}

/** Keys of config.json that change a decoder's numbers, in any model family, and that no spec of ours expresses. */
const BEHAVIOURS: readonly Behaviour[] = [
  { key: 'quantization_config', what: 'quantized weights', neutral: [null] },
  { key: 'quantization', what: 'quantized weights', neutral: [null] },
  { key: 'compression_config', what: 'compressed weights', neutral: [null] },
  { key: 'is_encoder_decoder', what: 'an encoder-decoder', neutral: [false, null] },
  { key: 'add_cross_attention', what: 'cross-attention', neutral: [false, null] },
  { key: 'is_causal', what: 'attention to later tokens', neutral: [true, null] },
  { key: 'use_bidirectional_attention', what: 'attention to later tokens', neutral: [false, null] },
  { key: 'per_layer_config', what: 'settings per layer', neutral: [null] },
  { key: 'attn_logit_softcapping', what: 'soft-capped attention', neutral: [null] },
  { key: 'final_logit_softcapping', what: 'soft-capped logits', neutral: [null] },
  { key: 'logit_scale', what: 'scaled logits', neutral: [1, null] },
  { key: 'logits_scaling', what: 'scaled logits', neutral: [1, null] },
  { key: 'embedding_multiplier', what: 'scaled embeddings', neutral: [1, null] },
  { key: 'residual_multiplier', what: 'scaled residuals', neutral: [1, null] },
  { key: 'attention_multiplier', what: 'another attention scale', neutral: [null] },
  { key: 'query_pre_attn_scalar', what: 'another attention scale', neutral: [null] },
  { key: 'scale_attn_weights', what: 'unscaled attention', neutral: [true, null] },
  { key: 'scale_attn_by_inverse_layer_idx', what: 'attention scaled by layer', neutral: [false, null] },
  { key: 'attention_chunk_size', what: 'chunked attention', neutral: [null] },
  { key: 'no_rope_layers', what: 'layers without rotary embedding', neutral: [null] },
  { key: 'clip_qkv', what: 'clipped queries, keys and values', neutral: [null] },
  { key: 'use_mrope', what: 'multimodal rotary embedding', neutral: [false, null] },
  { key: 'rope_interleaved', what: 'rotation of neighbouring dimensions', neutral: [false, null] },
  { key: 'rope_local_base_freq', what: 'a second rotary base', neutral: [null] },
  { key: 'alibi', what: 'ALiBi position biases', neutral: [false, null] },
  { key: 'use_qk_norm', what: 'norms on queries and keys', neutral: [false, null] },
  { key: 'qk_layernorm', what: 'norms on queries and keys', neutral: [false, null] },
  { key: 'num_experts', what: 'a mixture of experts', neutral: [0, null] },
  { key: 'num_local_experts', what: 'a mixture of experts', neutral: [0, null] },
  { key: 'n_routed_experts', what: 'a mixture of experts', neutral: [0, null] },
];

/** Throws on the first key that asks for a behaviour not implemented for any family. */
export function refuseUnsupportedBehaviour(config: ConfigFields): void {
  for (const { key, what, neutral } of BEHAVIOURS) {
    const value = config.raw(key);
    if (value !== undefined && !neutral.includes(value)) {
      throw unsupported(config.subject, `${key} must be ${neutral.map(describe).join(' or ')} (no support for ${what}), found ${describe(value)}`);
    }
  }
}

/** Keys that never touch a loss: bookkeeping, training, generation, other heads. */
const WITHOUT_EFFECT =
  /^(_.*|name_or_path|transformers_version|architectures|use_cache|pretraining_tp|initializer_range|.*dropout|.*_pdrop|pad_token_id|is_decoder|return_dict|gradient_checkpointing|chunk_size_feed_forward|output_attentions|output_hidden_states|n_ctx|summary_.*|task_specific_params|id2label|label2id|num_labels|problem_type|reorder_and_upcast_attn|attn_implementation|max_length|do_sample|temperature|top_k|top_p|repetition_penalty|tokenizer_class|unsloth_.*)$/;
// reorder_and_upcast_attn only moves a scale and a cast: in float32 the product is the same up to rounding.

/** Keys of config.json nothing has read and that are not known to be without effect; transformers ignores them for these architectures. */
export function unknownKeys(config: ConfigFields): string[] {
  return config.unread().filter((key) => !WITHOUT_EFFECT.test(key));
}

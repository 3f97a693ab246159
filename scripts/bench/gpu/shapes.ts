/** A published model's architecture, as its config.json spells it, with random weights instead of the trained ones. */
export interface BenchShape {
  readonly name: string;
  /** Positions of a sequence in the bench. */
  readonly length: number;
  readonly config: Readonly<Record<string, unknown>>;
  /** The least share of the device's peak that scoring must reach, and what it should reach. */
  readonly floor: number;
  readonly goal: number;
}

const llama = { model_type: 'llama', hidden_act: 'silu', attention_bias: false, mlp_bias: false, bos_token_id: 0, eos_token_id: 1 };
const llama3Rotary = {
  rope_theta: 500_000,
  rope_scaling: { rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 },
};

/** By the names they are asked for. */
export const SHAPES: readonly BenchShape[] = [
  {
    name: 'gpt2-124m',
    length: 1024,
    config: {
      architectures: ['GPT2LMHeadModel'], model_type: 'gpt2', n_embd: 768, n_layer: 12, n_head: 12, n_positions: 1024, vocab_size: 50_257,
      activation_function: 'gelu_new', layer_norm_epsilon: 1e-5, tie_word_embeddings: true, bos_token_id: 0, eos_token_id: 1,
    },
    floor: 0.28,
    goal: 0.4,
  },
  {
    name: 'qwen3-0.6b',
    length: 2048,
    config: {
      ...llama, architectures: ['Qwen3ForCausalLM'], model_type: 'qwen3', hidden_size: 1024, intermediate_size: 3072, num_hidden_layers: 28, num_attention_heads: 16,
      num_key_value_heads: 8, head_dim: 128, vocab_size: 151_936, max_position_embeddings: 2048, rms_norm_eps: 1e-6, rope_theta: 1_000_000, tie_word_embeddings: true,
    },
    floor: 0.28,
    goal: 0.4,
  },
  {
    name: 'llama-3.2-1b',
    length: 2048,
    config: {
      ...llama, ...llama3Rotary, architectures: ['LlamaForCausalLM'], hidden_size: 2048, intermediate_size: 8192, num_hidden_layers: 16, num_attention_heads: 32,
      num_key_value_heads: 8, head_dim: 64, vocab_size: 128_256, max_position_embeddings: 2048, rms_norm_eps: 1e-5, tie_word_embeddings: true,
    },
    floor: 0.45,
    goal: 0.6,
  },
  {
    name: 'llama-3.1-8b',
    length: 2048,
    config: {
      ...llama, ...llama3Rotary, architectures: ['LlamaForCausalLM'], hidden_size: 4096, intermediate_size: 14_336, num_hidden_layers: 32, num_attention_heads: 32,
      num_key_value_heads: 8, head_dim: 128, vocab_size: 128_256, max_position_embeddings: 2048, rms_norm_eps: 1e-5, tie_word_embeddings: false,
    },
    floor: 0.45,
    goal: 0.6,
  },
  {
    // To see that the bench works on a machine without a GPU.
    name: 'tiny',
    length: 128,
    config: {
      ...llama, architectures: ['LlamaForCausalLM'], hidden_size: 128, intermediate_size: 344, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2,
      head_dim: 32, vocab_size: 2048, max_position_embeddings: 128, rms_norm_eps: 1e-5, rope_theta: 10_000, tie_word_embeddings: true,
    },
    floor: 0,
    goal: 0,
  },
];

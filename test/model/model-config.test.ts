import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { TouchstoneError } from '../../src/errors.js';
import type { ModelSpec } from '../../src/records.js';
import { parseJsonObject, type JsonObject } from '../../src/model/json-object.js';
import { modelConfig, type ModelConfig } from '../../src/model/model-config.js';

const oracle = join(import.meta.dirname, '../fixtures/oracle');
const cases = readdirSync(oracle).filter((name) => !name.endsWith('.json'));

function readConfig(name: string, file = 'config.json'): JsonObject {
  return parseJsonObject(readFileSync(join(oracle, name, file)), file);
}

/** The config of a fixture with some keys changed; undefined removes a key. */
function changed(name: string, changes: Readonly<Record<string, unknown>>): ModelConfig {
  const object = new Map([...readConfig(name), ...Object.entries(changes)]);
  for (const [key, value] of Object.entries(changes)) if (value === undefined) object.delete(key);
  return modelConfig(object, 'config.json', (weight) => weight.startsWith('transformer.'));
}

/** The spec without its table of inverse frequencies, which has a test of its own. */
function specOf({ spec }: ModelConfig): Record<string, unknown> {
  if (!('rotary' in spec)) return { ...spec };
  return { ...spec, rotary: { rotaryDim: spec.rotary.rotaryDim } };
}

describe('config.json', () => {
  it('of Llama becomes numbers', () => {
    const config = changed('llama-gqa-tied', {});
    expect(specOf(config)).toEqual({
      family: 'llama', modelType: 'llama', vocabSize: 97, maxPositions: 128, hiddenSize: 40, intermediateSize: 52, layers: 2, heads: 4, kvHeads: 2,
      headDim: 10, normEpsilon: 1e-5, rotary: { rotaryDim: 10 }, tiedHead: true, attentionBias: { qkv: false, output: false }, mlpBias: false,
      qkNorm: false, slidingWindow: [null, null],
    });
    expect(config).toMatchObject({ bosTokenId: 1, eosTokenId: 2, eosTokenIds: [2], torchDtype: 'float32', unknownKeys: [] });
  });

  it('of GPT-2 becomes numbers', () => {
    expect(specOf(changed('gpt2', {}))).toEqual({
      family: 'gpt2', modelType: 'gpt2', vocabSize: 97, maxPositions: 72, hiddenSize: 32, intermediateSize: 88, layers: 2, heads: 4, normEpsilon: 1e-5,
      activation: 'gelu-tanh', tiedHead: true, weightPrefix: 'transformer.',
    });
  });

  it('of GPT-NeoX becomes numbers', () => {
    expect(specOf(changed('gpt-neox-parallel', {}))).toEqual({
      family: 'gpt-neox', modelType: 'gpt_neox', vocabSize: 97, maxPositions: 80, hiddenSize: 32, intermediateSize: 72, layers: 2, heads: 2,
      normEpsilon: 1e-5, activation: 'gelu', rotary: { rotaryDim: 4 }, parallelResidual: true, attentionBias: true, tiedHead: false,
    });
  });

  it.each<[string, Partial<ModelSpec> & Record<string, unknown>]>([
    ['llama-mha-untied', { heads: 6, kvHeads: 6, tiedHead: false }],
    ['llama-biases', { attentionBias: { qkv: true, output: true }, mlpBias: true }],
    ['llama-head-dim', { hiddenSize: 32, heads: 4, headDim: 12 }],
    ['mistral-sliding-window', { modelType: 'mistral', slidingWindow: [8, 8, 8], attentionBias: { qkv: false, output: false } }],
    ['qwen2', { modelType: 'qwen2', attentionBias: { qkv: true, output: false }, mlpBias: false, slidingWindow: [null, null], tiedHead: true, headDim: 8 }],
    ['qwen2-sliding-window', { slidingWindow: [null, 6, 6] }],
    ['qwen3', { modelType: 'qwen3', qkNorm: true, headDim: 14, attentionBias: { qkv: false, output: false }, tiedHead: false }],
    ['gpt-neox-sequential', { parallelResidual: false, rotary: { rotaryDim: 8 } }],
    ['gpt2-older-names', { activation: 'gelu', intermediateSize: 96 }],
  ])('states what is particular to %s', (name, particular) => {
    expect(specOf(changed(name, {}))).toMatchObject(particular);
  });

  it.each(cases)('gives the same spec in both spellings, with the inverse frequencies of PyTorch: %s', (name) => {
    const other = ['config.transformers-4.json', 'config.transformers-5.json'].find((file) => existsSync(join(oracle, name, file)))!;
    const one = modelConfig(readConfig(name), 'config.json', () => true);
    const two = modelConfig(readConfig(name, other), other, () => true);
    expect(two).toEqual(one);
    const expected = JSON.parse(readFileSync(join(oracle, name, 'expected.json'), 'utf8')) as { inverseFrequency: number[] | null };
    const found = 'rotary' in one.spec ? [...one.spec.rotary.inverseFrequency] : null;
    expect(found?.length).toBe(expected.inverseFrequency?.length);
    found?.forEach((value, pair) => {
      expect(Math.abs(value / expected.inverseFrequency![pair]! - 1)).toBeLessThanOrEqual(2 ** -23);
    });
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['llama-mha-untied', { num_key_value_heads: undefined }, { kvHeads: 6 }],
    ['llama-mha-untied', { num_key_value_heads: null, head_dim: null }, { kvHeads: 6, headDim: 6 }],
    ['llama-mha-untied', { tie_word_embeddings: undefined, rms_norm_eps: undefined }, { tiedHead: false, normEpsilon: 1e-6 }],
    ['mistral-sliding-window', { sliding_window: undefined }, { slidingWindow: [4096, 4096, 4096] }],
    ['mistral-sliding-window', { sliding_window: null }, { slidingWindow: [null, null, null] }],
    ['mistral-sliding-window', { num_attention_heads: 8, num_key_value_heads: undefined, head_dim: 8 }, { kvHeads: 8 }],
    ['qwen3', { hidden_size: 256, head_dim: undefined }, { headDim: 128 }],
    ['qwen3', { attention_bias: true }, { attentionBias: { qkv: true, output: true } }],
    ['qwen2-sliding-window', { use_sliding_window: false, layer_types: undefined }, { slidingWindow: [null, null, null] }],
    ['qwen2-sliding-window', { max_window_layers: 0, layer_types: undefined }, { slidingWindow: [6, 6, 6] }],
    ['qwen2-sliding-window', { max_window_layers: 28, layer_types: undefined }, { slidingWindow: [null, null, null] }],
    ['qwen2-sliding-window', { layer_types: ['sliding_attention', 'full_attention', 'full_attention'] }, { slidingWindow: [6, null, null] }],
    ['gpt2', { n_inner: null, tie_word_embeddings: undefined, activation_function: undefined }, { intermediateSize: 128, tiedHead: true, activation: 'gelu-tanh' }],
    ['gpt2', { n_embd: undefined, hidden_size: 32, n_positions: undefined, max_position_embeddings: 99 }, { hiddenSize: 32, maxPositions: 99 }],
    ['gpt-neox-parallel', { hidden_act: 'gelu_fast' }, { activation: 'gelu-tanh' }],
    ['gpt-neox-sequential', { rotary_pct: undefined, hidden_size: 64, attention_bias: undefined }, { rotary: { rotaryDim: 8 }, attentionBias: true }],
    ['gpt-neox-parallel', { attention_bias: false, use_parallel_residual: undefined }, { attentionBias: false, parallelResidual: true }],
  ])('fills in what transformers fills in: %s %j', (name, changes, expected) => {
    expect(specOf(changed(name, changes))).toMatchObject(expected);
  });

  it('may list several end-of-sequence tokens, the first of which is the usual one', () => {
    expect(changed('llama-mha-untied', { eos_token_id: [5, 7], bos_token_id: null })).toMatchObject({ bosTokenId: null, eosTokenId: 5, eosTokenIds: [5, 7] });
    expect(changed('llama-mha-untied', { eos_token_id: undefined })).toMatchObject({ eosTokenId: null, eosTokenIds: [] });
    expect(() => changed('llama-mha-untied', { eos_token_id: '2' })).toThrow('eos_token_id must be a token id, a list of token ids or null, found "2"');
  });

  it('lists the keys nothing is known about', () => {
    expect(changed('llama-mha-untied', { is_llama_config: true, auto_map: {}, _name_or_path: 'x', hidden_dropout: 0.1 }).unknownKeys).toEqual(['is_llama_config', 'auto_map']);
  });

  it('of an unknown architecture is refused with what is supported and the way that works', () => {
    const refusal = (): unknown => changed('llama-mha-untied', { model_type: 'mamba', architectures: ['MambaForCausalLM'] });
    expect(refusal).toThrow(TouchstoneError);
    expect(refusal).toThrow('model_type must be one of llama, mistral, qwen2, qwen3, gpt2, gpt_neox, found "mamba" (architectures ["MambaForCausalLM"])');
    expect(refusal).toThrow(expect.objectContaining({ kind: 'usage', advice: expect.stringContaining('.onnx') as string }) as Error);
    expect(() => changed('llama-mha-untied', { model_type: undefined })).toThrow('found nothing (architectures ["LlamaForCausalLM"])');
    expect(() => changed('llama-mha-untied', { model_type: 'constructor' })).toThrow('found "constructor"');
  });

  it('of a model without its language-model head is refused', () => {
    expect(() => changed('llama-mha-untied', { architectures: ['LlamaForSequenceClassification'] })).toThrow('architectures must name LlamaForCausalLM for model_type llama');
    expect(specOf(changed('llama-mha-untied', { architectures: undefined }))).toMatchObject({ family: 'llama' });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['llama-mha-untied', { hidden_size: '36' }, 'config.json: hidden_size must be a whole number of at least 1, found "36"'],
    ['llama-mha-untied', { hidden_size: undefined }, 'hidden_size must be a whole number of at least 1, found nothing'],
    ['llama-mha-untied', { num_hidden_layers: 0 }, 'num_hidden_layers must be a whole number of at least 1, found 0'],
    ['llama-mha-untied', { rms_norm_eps: null }, 'rms_norm_eps must be a positive number, found null'],
    ['llama-mha-untied', { tie_word_embeddings: 'yes' }, 'tie_word_embeddings must be true or false, found "yes"'],
    ['llama-mha-untied', { num_key_value_heads: 4 }, 'num_attention_heads (6) must be a multiple of num_key_value_heads, found 4'],
    ['llama-mha-untied', { hidden_size: 40, head_dim: undefined }, 'the head size must be an even whole number, found 6.66'],
    ['llama-mha-untied', { head_dim: 7 }, 'the head size must be an even whole number, found 7'],
    ['llama-mha-untied', { hidden_act: 'gelu' }, 'hidden_act must be one of silu, swish, found "gelu"'],
    ['llama-mha-untied', { partial_rotary_factor: 0.5, head_dim: 8 }, 'partial_rotary_factor must be 1 for llama, found 0.5'],
    ['llama-mha-untied', { sliding_window: 4096 }, 'sliding_window must be null for llama, found 4096'],
    ['llama-mha-untied', { layer_types: ['full_attention', 'sliding_attention'] }, 'found sliding_attention for layer 1'],
    ['llama-mha-untied', { layer_types: ['full_attention'] }, 'layer_types must list the attention of all 2 layers'],
    ['llama-mha-untied', { quantization_config: { quant_method: 'gptq' } }, 'quantization_config must be null (no support for quantized weights)'],
    ['llama-mha-untied', { final_logit_softcapping: 30 }, 'final_logit_softcapping must be null (no support for soft-capped logits), found 30'],
    ['llama-mha-untied', { attn_logit_softcapping: 50 }, 'attn_logit_softcapping must be null'],
    ['llama-mha-untied', { num_local_experts: 8 }, 'num_local_experts must be 0 or null (no support for a mixture of experts), found 8'],
    ['llama-mha-untied', { is_causal: false }, 'is_causal must be true or null'],
    ['mistral-sliding-window', { attention_bias: true }, 'attention_bias is not a setting of this model_type, found true'],
    ['mistral-sliding-window', { sliding_window: 0 }, 'sliding_window must be a whole number of at least 1, or null, found 0'],
    ['mistral-sliding-window', { layer_types: ['full_attention', 'full_attention', 'full_attention'] }, 'layer_types must agree with sliding_window'],
    ['qwen2', { use_mrope: true }, 'use_mrope must be false or null (no support for multimodal rotary embedding), found true'],
    ['qwen2-sliding-window', { use_sliding_window: false }, 'layer_types names sliding_attention, which needs use_sliding_window true'],
    ['qwen2-sliding-window', { layer_types: ['full_attention', 'chunked_attention', 'full_attention'] }, 'layer_types must hold full_attention or sliding_attention, found "chunked_attention"'],
    ['qwen3', { head_dim: 2.5 }, 'head_dim must be a whole number of at least 1, or null, found 2.5'],
    ['gpt2', { n_head: 5 }, 'n_embd (32) must be a multiple of n_head, found 5'],
    ['gpt2', { hidden_size: 64 }, 'n_embd and hidden_size mean the same and must agree, found 32 and 64'],
    ['gpt2', { scale_attn_by_inverse_layer_idx: true }, 'scale_attn_by_inverse_layer_idx must be false or null (no support for attention scaled by layer), found true'],
    ['gpt2', { scale_attn_weights: false }, 'scale_attn_weights must be true or null'],
    ['gpt2', { add_cross_attention: true }, 'add_cross_attention must be false or null'],
    ['gpt2', { activation_function: 'tanh' }, 'activation_function must be one of gelu, gelu_python, gelu_new, gelu_pytorch_tanh, gelu_python_tanh, gelu_accurate, gelu_fast, relu, silu, swish, found "tanh"'],
    ['gpt-neox-parallel', { num_attention_heads: 3 }, 'hidden_size (32) must be a multiple of num_attention_heads, found 3'],
    ['gpt-neox-sequential', { rope_theta: 5 }, 'rotary_emb_base and rope_theta mean the same and must agree, found 1000 and 5'],
  ])('that asks for anything we do not compute is refused by key: %s %j', (name, changes, message) => {
    expect(() => changed(name, changes)).toThrow(message);
  });
});

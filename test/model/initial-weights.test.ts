import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { buildTrainingGraph } from '../../src/graph/training-graph.js';
import type { TensorShape } from '../../src/model/float-tensor.js';
import { openCheckpoint } from '../../src/model/checkpoint.js';
import { initialWeights } from '../../src/model/initial-weights.js';
import { specFromConfig } from '../../src/model/spec-from-config.js';
import type { ModelSpec } from '../../src/records.js';

const oracle = join(import.meta.dirname, '../fixtures/oracle');

function parametersOf(spec: ModelSpec): readonly TensorShape[] {
  return buildTrainingGraph({
    spec, contextLength: 16, objective: 'causal', phase: 'accumulate', accumulated: false,
    optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clipNorm: 1 }, decays: () => true,
  }).parameters;
}

const GPT2 = specFromConfig({ model_type: 'gpt2', vocab_size: 300, n_embd: 64, n_head: 4, n_layer: 2, n_positions: 128 }, 'model.init').spec;
const LLAMA = specFromConfig({
  model_type: 'llama', vocab_size: 300, hidden_size: 64, intermediate_size: 96, num_hidden_layers: 2, num_attention_heads: 4, max_position_embeddings: 128, attention_bias: true,
}, 'model.init').spec;

/** Mean and standard deviation. */
function moments(values: Float32Array): { readonly mean: number; readonly deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) };
}

describe('the weights of a new model', () => {
  it.each([
    ['llama', LLAMA, /\w(_proj|embed_tokens|lm_head)\.weight$/, /norm\.weight$/, 1],
    ['gpt2', GPT2, /(wte|wpe|c_attn|c_fc)\.weight$/, /ln_\w+\.weight$/, 1],
    ["gpt2's projections onto the residual stream", GPT2, /c_proj\.weight$/, /ln_f\.weight$/, 1 / Math.sqrt(4)],
  ] as const)('of %s: matrices normal(0, initializer_range), biases 0, norms 1', (_, spec, matrices, norms, narrower) => {
    const weights = initialWeights({ spec, initializerRange: 0.05, padTokenId: null, seed: 'seed', parameters: parametersOf(spec) });
    const chosen = (pattern: RegExp): [string, Float32Array][] => [...weights].filter(([name]) => pattern.test(name));
    expect(chosen(matrices).length).toBeGreaterThan(3);
    for (const [name, values] of chosen(matrices)) {
      const { mean, deviation } = moments(values);
      const standardError = (0.05 * narrower) / Math.sqrt(values.length);
      expect(Math.abs(mean), name).toBeLessThan(4.5 * standardError);
      expect(Math.abs(deviation - 0.05 * narrower), name).toBeLessThan(4.5 * standardError);
    }
    expect(chosen(norms).length).toBeGreaterThan(0);
    expect(chosen(norms).every(([, values]) => values.every((value) => value === 1))).toBe(true);
    expect(chosen(/\.bias$/).length).toBeGreaterThan(3);
    expect(chosen(/\.bias$/).every(([, values]) => values.every((value) => value === 0))).toBe(true);
  });

  it.each(['llama-biases', 'qwen2', 'qwen3', 'mistral-sliding-window', 'gpt2', 'gpt2-older-names', 'gpt-neox-parallel'])('exist for every parameter of %s', async (name) => {
    const checkpoint = await openCheckpoint(join(oracle, name));
    const parameters = parametersOf(checkpoint.spec);
    const weights = initialWeights({ spec: checkpoint.spec, initializerRange: 0.02, padTokenId: null, seed: 'seed', parameters });
    expect([...weights.keys()].sort()).toEqual([...checkpoint.weights.keys()].sort());
    const constant = [...weights].filter(([, values]) => values.length > 1 && values.every((value) => value === values[0])).map(([parameter]) => parameter);
    expect(constant.filter((parameter) => !/(norm|ln_\w+)\.weight$|\.bias$/.test(parameter))).toEqual([]);
  });

  it('follow from the seed and the name of the tensor alone', () => {
    const parameters = parametersOf(LLAMA);
    const draw = (seed: string, list: readonly TensorShape[]): Map<string, Float32Array> => initialWeights({ spec: LLAMA, initializerRange: 0.02, padTokenId: null, seed, parameters: list });
    const weights = draw('1', parameters);
    const name = 'model.layers.1.mlp.up_proj.weight';
    expect(draw('1', parameters.toReversed().slice(3)).get(name)).toEqual(weights.get(name));
    expect(draw('2', parameters).get(name)).not.toEqual(weights.get(name));
    expect(weights.get('model.layers.0.mlp.up_proj.weight')).not.toEqual(weights.get(name));
    expect(weights.get(name)!.slice(0, 3)).toMatchInlineSnapshot(`
      Float32Array [
        0.017397550866007805,
        -0.029504112899303436,
        0.0368165522813797,
      ]
    `);
  });

  it('leave the padding token at zero, as transformers does for Llama', () => {
    const weights = initialWeights({ spec: LLAMA, initializerRange: 0.02, padTokenId: 2, seed: '1', parameters: parametersOf(LLAMA) });
    const embedding = weights.get('model.embed_tokens.weight')!;
    expect(embedding.subarray(128, 192).every((value) => value === 0)).toBe(true);
    expect(embedding[127]).not.toBe(0);
    expect(embedding[192]).not.toBe(0);
    expect(weights.get('lm_head.weight')!.subarray(128, 192).every((value) => value === 0)).toBe(false);
  });

  it('exist for biases, norms and matrices only', () => {
    const parameters = [{ name: 'model.layers.0.conv.weight', shape: [3, 1, 4] }];
    expect(() => initialWeights({ spec: LLAMA, initializerRange: 0.02, padTokenId: null, seed: '1', parameters })).toThrow('model.layers.0.conv.weight must be a bias, a norm or a matrix');
  });
});

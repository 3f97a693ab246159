import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { TouchstoneError } from '../../src/errors.js';
import { openCheckpoint } from '../../src/model/checkpoint.js';
import { specFromConfig } from '../../src/model/spec-from-config.js';

const oracle = join(import.meta.dirname, '../fixtures/oracle');

const LLAMA = {
  model_type: 'llama', vocab_size: 100, hidden_size: 32, intermediate_size: 64, num_hidden_layers: 2, num_attention_heads: 4,
  num_key_value_heads: 2, max_position_embeddings: 128, tie_word_embeddings: true,
};

function refusal(config: unknown): TouchstoneError {
  try {
    specFromConfig(config, 'model.init');
  } catch (error) {
    if (error instanceof TouchstoneError) return error;
  }
  throw new Error('expected a refusal');
}

describe('a model from scratch', () => {
  it('is described by the keys of a config.json', () => {
    const model = specFromConfig(LLAMA, 'model.init');
    expect(model.spec).toMatchObject({ family: 'llama', vocabSize: 100, kvHeads: 2, headDim: 8, tiedHead: true, normEpsilon: 1e-6 });
    expect(model).toMatchObject({ initializerRange: 0.02, padTokenId: null, bosTokenId: null });
    expect(specFromConfig({ ...LLAMA, initializer_range: 0.05, pad_token_id: 3 }, 'model.init')).toMatchObject({ initializerRange: 0.05, padTokenId: 3 });
  });

  it.each(['gpt2', 'qwen2', 'qwen3', 'mistral-sliding-window', 'llama-rope-llama3'])('has the spec that the checkpoint %s has', async (name) => {
    const config = JSON.parse(readFileSync(join(oracle, name, 'config.json'), 'utf8')) as unknown;
    expect(specFromConfig(config, 'model.init').spec).toEqual((await openCheckpoint(join(oracle, name))).spec);
  });

  it('is refused as a usage error, by key, where something is missing or wrong', () => {
    expect(refusal({ ...LLAMA, hidden_size: undefined }).message).toContain('model.init.hidden_size must be a value that JSON can hold');
    const withoutHeads = refusal(Object.fromEntries(Object.entries(LLAMA).filter(([key]) => key !== 'num_attention_heads')));
    expect(withoutHeads).toMatchObject({ kind: 'usage', message: 'model.init: num_attention_heads must be a whole number of at least 1, found nothing', advice: 'Spell the keys as in the config.json of a model of this model_type.' });
    expect(refusal({ ...LLAMA, vocab_size: '100' })).toMatchObject({ kind: 'usage', message: 'model.init: vocab_size must be a whole number of at least 1, found "100"' });
    expect(refusal({ ...LLAMA, model_type: 'bert' }).message).toContain('model_type must be one of llama, mistral');
    expect(refusal([LLAMA]).message).toContain('model.init must be an object of config.json keys');
    expect(refusal({ ...LLAMA, initializer_range: 0 })).toMatchObject({ kind: 'usage', message: 'model.init: initializer_range must be a positive number, found 0' });
    expect(refusal({ ...LLAMA, pad_token_id: 100 }).message).toBe('model.init: pad_token_id must be below vocab_size (100), found 100');
  });

  it('is refused where a key is misspelt: transformers would take a default', () => {
    expect(refusal({ ...LLAMA, num_key_value_head: 2 }).message).toBe('model.init must hold keys that this program knows for model_type llama, found num_key_value_head');
  });

  it('is refused where a number has no place in JSON', () => {
    expect(refusal({ ...LLAMA, attention_dropout: NaN }).message).toBe('model.init.attention_dropout must be a value that JSON can hold, found NaN');
    expect(refusal({ ...LLAMA, rope_parameters: { rope_theta: Infinity } }).message).toBe('model.init.rope_parameters.rope_theta must be a value that JSON can hold, found Infinity');
    expect(refusal({ ...LLAMA, eos_token_id: [1, 2n] }).message).toBe('model.init.eos_token_id[1] must be a value that JSON can hold, found bigint');
  });

  it('is refused with dropout, which training does not have', () => {
    expect(refusal({ ...LLAMA, attention_dropout: 0.1 }).message).toBe('model.init.attention_dropout must be 0, found 0.1');
    expect(specFromConfig({ ...LLAMA, attention_dropout: 0 }, 'model.init').spec.layers).toBe(2);
  });
});

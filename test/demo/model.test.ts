import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Tokenizer } from 'tokenizers';
import { describe, expect, test } from 'vitest';

const folder = new URL('../../pipelines/demo/model/', import.meta.url);
const json = (name: string): unknown => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));

interface Config {
  readonly model_type: string;
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly tie_word_embeddings: boolean;
  readonly max_position_embeddings: number;
  readonly bos_token_id: number;
  readonly eos_token_id: number;
}

interface Training {
  readonly loss_curve: readonly (readonly [step: number, lossNats: number])[];
  readonly options: { readonly steps: number };
  readonly versions: Readonly<Record<string, string>>;
}

interface TokenizerFile {
  readonly model: { readonly vocab: Readonly<Record<string, number>> };
}

interface TensorEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const config = json('config.json') as Config;
const weights = readFileSync(new URL('model.safetensors', folder));
const dataStart = 8 + Number(weights.readBigUInt64LE(0));
const header = JSON.parse(weights.toString('utf8', 8, dataStart)) as Record<string, TensorEntry>;
const tensors = Object.entries(header).filter(([name]) => name !== '__metadata__');

describe('the demo model', () => {
  test('is a checkpoint folder of one to four megabytes', () => {
    expect(readdirSync(folder).sort()).toEqual([
      'config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
      'training.json',
    ]);
    expect(weights.length).toBeGreaterThan(1e6);
    expect(weights.length).toBeLessThan(4e6);
  });

  test('has the tensors its config.json promises, and no bytes beside them', () => {
    const kv = (config.hidden_size / config.num_attention_heads) * config.num_key_value_heads;
    const [hidden, inner] = [config.hidden_size, config.intermediate_size];
    const expected = new Map<string, number[]>([
      ['model.embed_tokens.weight', [config.vocab_size, hidden]],
      ['model.norm.weight', [hidden]],
    ]);
    for (let layer = 0; layer < config.num_hidden_layers; layer++) {
      const shapes: Record<string, number[]> = {
        input_layernorm: [hidden],
        post_attention_layernorm: [hidden],
        'self_attn.q_proj': [hidden, hidden],
        'self_attn.k_proj': [kv, hidden],
        'self_attn.v_proj': [kv, hidden],
        'self_attn.o_proj': [hidden, hidden],
        'mlp.gate_proj': [inner, hidden],
        'mlp.up_proj': [inner, hidden],
        'mlp.down_proj': [hidden, inner],
      };
      for (const [name, shape] of Object.entries(shapes)) expected.set(`model.layers.${layer}.${name}.weight`, shape);
    }
    expect(config.model_type).toBe('llama');
    expect(config.tie_word_embeddings).toBe(true);
    expect(new Map(tensors.map(([name, { shape }]) => [name, shape]))).toEqual(expected);
    const covered = tensors.reduce((sum, [, { data_offsets }]) => sum + data_offsets[1] - data_offsets[0], 0);
    expect(dataStart + covered).toBe(weights.length);
  });

  test('stores finite float16 weights', () => {
    expect(new Set(tensors.map(([, { dtype }]) => dtype))).toEqual(new Set(['F16']));
    let notFinite = 0;
    let notZero = 0;
    for (let at = dataStart; at < weights.length; at += 2) {
      const bits = weights.readUInt16LE(at);
      if ((bits & 0x7c00) === 0x7c00) notFinite++;
      if ((bits & 0x7fff) !== 0) notZero++;
    }
    expect(notFinite).toBe(0);
    expect(notZero).toBeGreaterThan(900_000);
  });

  test('comes with the record of a training that brought the loss down', () => {
    const training = json('training.json') as Training;
    const [first, last] = [training.loss_curve[0]!, training.loss_curve.at(-1)!];
    expect(last[0]).toBe(training.options.steps);
    expect(last[1]).toBeLessThan(first[1] / 3);
    expect(Object.keys(training.versions).sort()).toEqual(['python', 'tokenizers', 'torch', 'transformers']);
  });
});

describe('the demo tokenizer', () => {
  const tokenizer = Tokenizer.fromFile(fileURLToPath(new URL('tokenizer.json', folder)));

  test('has exactly the ids of the model', () => {
    const ids = Object.values((json('tokenizer.json') as TokenizerFile).model.vocab);
    expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: config.vocab_size }, (_, id) => id));
  });

  test('puts BOS before a text by itself, and only where special tokens are asked for', async () => {
    const bare = (await tokenizer.encode('Mia had 12 eggs.', null, { addSpecialTokens: false })).getIds();
    const whole = (await tokenizer.encode('Mia had 12 eggs.')).getIds();
    expect(whole).toEqual([config.bos_token_id, ...bare]);
    expect(bare).not.toContain(config.bos_token_id);
    expect(tokenizer.tokenToId('<|eos|>')).toBe(config.eos_token_id);
  });

  test('gives every text back: every byte has a token', async () => {
    const everyByte = Array.from({ length: 0x800 }, (_, point) => String.fromCodePoint(point)).join('');
    for (const text of [everyByte, 'naïve café 12½ €', '日本語\u00a0text', '🙂👩‍🚀\u{10ffff}', '\t\r\n  \n', 'Thou art 3.14159']) {
      const encoding = await tokenizer.encode(text, null, { addSpecialTokens: false });
      expect(await tokenizer.decode(encoding.getIds(), false)).toBe(text);
    }
  });

  test('makes every digit a token of its own', async () => {
    const tokens = (await tokenizer.encode('x 1234567890', null, { addSpecialTokens: false })).getTokens();
    expect(tokens.slice(-10)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', '0']);
  });
});

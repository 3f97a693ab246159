import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openCheckpoint } from '../../src/model/checkpoint.js';
import { float32, writeSafetensors, type TestTensor } from './safetensors-file.js';

const oracle = join(import.meta.dirname, '../fixtures/oracle');
let scratch: string;
beforeEach(() => {
  scratch = realpathSync(mkdtempSync(join(tmpdir(), 'checkpoint-')));
});
afterEach(() => {
  rmSync(scratch, { recursive: true });
});

/** A copy of a fixture that a test may damage. */
function copyOf(name: string): string {
  const folder = join(scratch, name);
  cpSync(join(oracle, name), folder, { recursive: true });
  return folder;
}

function editJson(path: string, edit: (value: Record<string, unknown>) => void): void {
  const value = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  edit(value);
  writeFileSync(path, JSON.stringify(value));
}

const INDEX = 'model.safetensors.index.json';
const weightMap = (value: Record<string, unknown>): Record<string, string> => value['weight_map'] as Record<string, string>;

describe('a checkpoint folder', () => {
  it('gives every weight as a byte range of a file', async () => {
    const checkpoint = await openCheckpoint(join(oracle, 'llama-bf16'));
    expect(checkpoint.weights.size).toBe(21);
    expect(checkpoint.aside.size).toBe(0);
    const norm = checkpoint.weights.get('model.norm.weight')!;
    expect(norm).toMatchObject({ dtype: 'BF16', shape: [36], location: 'model.safetensors', byteLength: 72 });
    const bytes = readFileSync(join(checkpoint.weightsFolder, norm.location)).subarray(norm.byteOffset, norm.byteOffset + norm.byteLength);
    // A bfloat16 is the upper half of a float32; the norm weights of the fixture are 1 + 0.3 z.
    const values = Array.from({ length: 36 }, (_, at) => Buffer.from([0, 0, bytes[2 * at]!, bytes[2 * at + 1]!]).readFloatLE());
    const mean = values.reduce((sum, value) => sum + value / 36, 0);
    expect(mean).toBeGreaterThan(0.8);
    expect(mean).toBeLessThan(1.2);
    expect(checkpoint.files).toEqual([
      { name: 'config.json', path: join(oracle, 'llama-bf16', 'config.json'), bytes: expect.any(Number) as number },
      { name: 'model.safetensors', path: join(oracle, 'llama-bf16', 'model.safetensors'), bytes: expect.any(Number) as number },
    ]);
  });

  it('in shards names the file of each weight, and every file in sorted order', async () => {
    const checkpoint = await openCheckpoint(join(oracle, 'llama-sharded'));
    expect(checkpoint.weights.size).toBe(21);
    expect(checkpoint.weights.get('lm_head.weight')!.location).toBe('model-00004-of-00004.safetensors');
    expect(new Set(Array.from(checkpoint.weights.values(), (weight) => weight.location)).size).toBe(4);
    expect(checkpoint.files.map((file) => file.name)).toEqual([
      'config.json', 'model-00001-of-00004.safetensors', 'model-00002-of-00004.safetensors', 'model-00003-of-00004.safetensors',
      'model-00004-of-00004.safetensors', INDEX,
    ]);
  });

  it('of a download cache, whose files are links to ../../blobs, gives locations without links below one folder', async () => {
    const snapshot = join(scratch, 'models--x', 'snapshots', 'abc');
    const blobs = join(scratch, 'models--x', 'blobs');
    mkdirSync(snapshot, { recursive: true });
    mkdirSync(blobs);
    const names = ['config.json', INDEX, ...[1, 2, 3, 4].map((part) => `model-0000${part}-of-00004.safetensors`)];
    names.forEach((name, blob) => {
      cpSync(join(oracle, 'llama-sharded', name), join(blobs, `blob${blob}`));
      symlinkSync(join('..', '..', 'blobs', `blob${blob}`), join(snapshot, name));
    });
    const checkpoint = await openCheckpoint(snapshot);
    const plain = await openCheckpoint(join(oracle, 'llama-sharded'));
    expect(checkpoint.weightsFolder).toBe(blobs);
    expect(checkpoint.weights.get('lm_head.weight')!.location).toBe('blob5');
    for (const [name, weight] of plain.weights) {
      const linked = checkpoint.weights.get(name)!;
      const bytesOf = (folder: string, { location, byteOffset, byteLength }: typeof weight): Buffer =>
        readFileSync(join(folder, location)).subarray(byteOffset, byteOffset + byteLength);
      expect(bytesOf(checkpoint.weightsFolder, linked).equals(bytesOf(plain.weightsFolder, weight))).toBe(true);
    }
  });

  it('whose shards lie in different places gives locations from the folder they share', async () => {
    const folder = copyOf('llama-sharded');
    const shard = 'model-00002-of-00004.safetensors';
    mkdirSync(join(scratch, 'elsewhere'));
    renameSync(join(folder, shard), join(scratch, 'elsewhere', shard));
    symlinkSync(join(scratch, 'elsewhere', shard), join(folder, shard));
    const checkpoint = await openCheckpoint(folder);
    expect(checkpoint.weightsFolder).toBe(scratch);
    expect(checkpoint.weights.get('lm_head.weight')!.location).toBe('llama-sharded/model-00004-of-00004.safetensors');
    expect(checkpoint.weights.get('model.layers.1.self_attn.q_proj.weight')!.location).toBe(`elsewhere/${shard}`);
  });

  it('keeps stored masks and rotary tables aside', async () => {
    const neox = await openCheckpoint(join(oracle, 'gpt-neox-sequential'));
    expect(neox.weights.size).toBe(28);
    expect([...neox.aside.keys()].filter((name) => name.includes('.0.')).sort()).toEqual([
      'gpt_neox.layers.0.attention.bias', 'gpt_neox.layers.0.attention.masked_bias', 'gpt_neox.layers.0.attention.rotary_emb.inv_freq',
    ]);
    expect(neox.aside.get('gpt_neox.layers.0.attention.bias')).toEqual({ name: 'gpt_neox.layers.0.attention.bias', dtype: 'BOOL', shape: [1, 1, 80, 80], reason: 'buffer' });
    const gpt2 = await openCheckpoint(join(oracle, 'gpt2-older-names'));
    expect([...gpt2.aside.keys()]).toEqual(['h.0.attn.bias', 'h.1.attn.bias']);
    expect(gpt2.weights.has('h.0.attn.c_attn.bias')).toBe(true);
  });

  it('of GPT-2 tells the older names, without a prefix, from the newer', async () => {
    expect((await openCheckpoint(join(oracle, 'gpt2'))).spec).toMatchObject({ weightPrefix: 'transformer.' });
    expect((await openCheckpoint(join(oracle, 'gpt2-older-names'))).spec).toMatchObject({ weightPrefix: '' });
  });

  it('keeps tensors of other dtypes aside', async () => {
    const folder = copyOf('llama-mha-untied');
    const float64: TestTensor = { dtype: 'F64', shape: [1], data: new Uint8Array(8) };
    writeSafetensors(join(folder, 'model.safetensors'), { 'a.weight': float32([1], 2), position_ids: { ...float64, dtype: 'I64' }, 'b.weight': float64 });
    const { weights, aside } = await openCheckpoint(folder);
    expect([...weights.keys()]).toEqual(['a.weight']);
    expect([...aside.values()].map(({ name, dtype, reason }) => [name, dtype, reason])).toEqual([['position_ids', 'I64', 'dtype'], ['b.weight', 'F64', 'dtype']]);
  });

  it('with a tied head that is stored as well keeps the copy aside, and refuses one that differs', async () => {
    const folder = copyOf('llama-gqa-tied');
    const path = join(folder, 'model.safetensors');
    writeSafetensors(path, { 'lm_head.weight': float32([2, 2], 1, 2, 3, 4), 'model.embed_tokens.weight': float32([2, 2], 1, 2, 3, 4) });
    const { aside, weights } = await openCheckpoint(folder);
    expect(aside.get('lm_head.weight')).toMatchObject({ reason: 'tied-copy' });
    expect([...weights.keys()]).toEqual(['model.embed_tokens.weight']);
    writeSafetensors(path, { 'lm_head.weight': float32([2, 2], 1, 2, 3, 5), 'model.embed_tokens.weight': float32([2, 2], 1, 2, 3, 4) });
    await expect(openCheckpoint(folder)).rejects.toThrow('lm_head.weight and model.embed_tokens.weight differ in the weight files');
    writeSafetensors(path, { 'lm_head.weight': float32([1, 2], 1, 2), 'model.embed_tokens.weight': float32([2, 2], 1, 2, 3, 4) });
    await expect(openCheckpoint(folder)).rejects.toThrow('differ in the weight files');
    editJson(join(folder, 'config.json'), (config) => (config['tie_word_embeddings'] = false));
    expect((await openCheckpoint(folder)).weights.size).toBe(2);
  });

  it('with a large tied head compares it to its last byte', async () => {
    const folder = copyOf('llama-gqa-tied');
    const path = join(folder, 'model.safetensors');
    const values = Array.from({ length: 200_000 }, (_, at) => at);
    const full: TestTensor = { dtype: 'F32', shape: [values.length], data: new Uint8Array(Float32Array.from(values).buffer) };
    writeSafetensors(path, { 'lm_head.weight': full, between: float32([1], 7), 'model.embed_tokens.weight': full });
    expect((await openCheckpoint(folder)).aside.has('lm_head.weight')).toBe(true);
    const other: TestTensor = { ...full, data: Uint8Array.from(full.data) };
    other.data[other.data.length - 1]! ^= 1;
    writeSafetensors(path, { 'lm_head.weight': full, between: float32([1], 7), 'model.embed_tokens.weight': other });
    await expect(openCheckpoint(folder)).rejects.toThrow('differ in the weight files');
  });
});

describe('a checkpoint folder is refused', () => {
  it('where it does not exist or is a file', async () => {
    await expect(openCheckpoint(join(scratch, 'absent'))).rejects.toThrow('the model must be a checkpoint folder, found nothing there');
    await expect(openCheckpoint(join(oracle, 'gpt2/config.json'))).rejects.toThrow('the model must be a checkpoint folder, found a file');
  });

  it('without config.json or weights', async () => {
    await expect(openCheckpoint(scratch)).rejects.toThrow(`${scratch} must hold config.json, found an empty folder`);
    const folder = copyOf('gpt2');
    rmSync(join(folder, 'model.safetensors'));
    await expect(openCheckpoint(folder)).rejects.toThrow('must hold model.safetensors or model.safetensors.index.json, found config.json, config.transformers-4.json, expected.json');
  });

  it('with pickled weights only, and is told how to convert them', async () => {
    const folder = copyOf('gpt2');
    renameSync(join(folder, 'model.safetensors'), join(folder, 'pytorch_model.bin'));
    await expect(openCheckpoint(folder)).rejects.toMatchObject({
      kind: 'usage',
      message: `${folder} must hold model.safetensors or model.safetensors.index.json, found pytorch_model.bin`,
      advice: expect.stringContaining('save_pretrained(folder, safe_serialization=True)') as string,
    });
  });

  it('that is an adapter', async () => {
    const folder = copyOf('gpt2');
    writeFileSync(join(folder, 'adapter_config.json'), '{}');
    await expect(openCheckpoint(folder)).rejects.toThrow('must be a whole checkpoint, found an adapter (adapter_config.json)');
  });

  it('whose link to the weights is broken', async () => {
    const folder = copyOf('gpt2');
    rmSync(join(folder, 'model.safetensors'));
    symlinkSync('../../blobs/absent', join(folder, 'model.safetensors'));
    await expect(openCheckpoint(folder)).rejects.toThrow('model.safetensors is missing: it is a broken link');
  });

  it('with a shard missing or cut short', async () => {
    const folder = copyOf('llama-sharded');
    const shard = join(folder, 'model-00003-of-00004.safetensors');
    const size = readFileSync(shard).length;
    truncateSync(shard, size - 10);
    await expect(openCheckpoint(folder)).rejects.toThrow(`${shard} is cut short: its tensors need ${size} bytes, found a file of ${size - 10} bytes`);
    rmSync(shard);
    await expect(openCheckpoint(folder)).rejects.toThrow(`${shard} is missing: ${INDEX} names it as one of 4 files`);
  });

  it.each(['../model.safetensors', '/etc/model.safetensors', 'sub/model.safetensors', '..\\model.safetensors', '..', 'C:model.safetensors', 'config.json', '', 7])(
    'whose index names a file outside it or of another kind: %s',
    async (name) => {
      const folder = copyOf('llama-sharded');
      editJson(join(folder, INDEX), (index) => ((weightMap(index) as Record<string, unknown>)['lm_head.weight'] = name));
      await expect(openCheckpoint(folder)).rejects.toThrow('"lm_head.weight" must name a .safetensors file in the same folder');
    },
  );

  it('whose index and shards disagree', async () => {
    const folder = copyOf('llama-sharded');
    const index = join(folder, INDEX);
    editJson(index, (value) => (weightMap(value)['model.extra.weight'] = 'model-00001-of-00004.safetensors'));
    await expect(openCheckpoint(folder)).rejects.toThrow('model-00001-of-00004.safetensors must hold tensor model.extra.weight, as the index says, found none');
    editJson(index, (value) => {
      delete weightMap(value)['model.extra.weight'];
      delete weightMap(value)['model.norm.weight'];
    });
    await expect(openCheckpoint(folder)).rejects.toThrow(/must name model-00003-of-00004.safetensors for tensor model.norm.weight, which it holds, found nothing/);
    editJson(index, (value) => (weightMap(value)['model.norm.weight'] = 'model-00001-of-00004.safetensors'));
    await expect(openCheckpoint(folder)).rejects.toThrow('which it holds, found model-00001-of-00004.safetensors');
    writeFileSync(index, '{"weight_map": {}}');
    await expect(openCheckpoint(folder)).rejects.toThrow('weight_map must be an object of tensor names and files, found {}');
  });

  it('whose config.json is no JSON', async () => {
    const folder = copyOf('gpt2');
    truncateSync(join(folder, 'config.json'), 20);
    await expect(openCheckpoint(folder)).rejects.toThrow(`${join(scratch, basename(folder), 'config.json')} must be JSON in UTF-8`);
  });
});

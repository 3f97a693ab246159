import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { encodeModel } from '../../src/graph/encode.js';
import { buildScoringGraph } from '../../src/graph/scoring-graph.js';
import { openCheckpoint, type Checkpoint } from '../../src/model/checkpoint.js';
import { newConfigJson, withDtype } from '../../src/model/config-json.js';
import type { FloatTensor } from '../../src/model/float-tensor.js';
import { readWeights } from '../../src/model/read-weights.js';
import { specFromConfig } from '../../src/model/spec-from-config.js';
import { templateFromCheckpoint, templateFromConfig, writeCheckpoint, type FileWriter } from '../../src/model/write-checkpoint.js';
import { openSession } from '../../src/runtime/session.js';

const oracle = join(import.meta.dirname, '../fixtures/oracle');
const demo = join(import.meta.dirname, '../../pipelines/demo/model');
let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'write-checkpoint-'));
});
afterEach(() => {
  rmSync(scratch, { recursive: true });
});

/** Writes into `folder`, and keeps the order of the names. */
function folderWriter(folder: string): { readonly writeFile: FileWriter; readonly names: string[] } {
  mkdirSync(folder, { recursive: true });
  const names: string[] = [];
  return {
    names,
    writeFile: async (name, write) => {
      names.push(name);
      const chunks: Buffer[] = [];
      await write((chunk) => {
        chunks.push(Buffer.from(chunk));
        return Promise.resolve();
      });
      writeFileSync(join(folder, name), Buffer.concat(chunks));
    },
  };
}

async function tensorsOf(checkpoint: Checkpoint): Promise<FloatTensor[]> {
  const weights = await readWeights(checkpoint);
  return Array.from(weights, ([name, data]) => ({ name, shape: checkpoint.weights.get(name)!.shape, data }));
}

/** Losses of tokens 1.. of each sequence. */
async function lossesOf(folder: string, sequences: readonly (readonly number[])[]): Promise<number[][]> {
  const checkpoint = await openCheckpoint(folder);
  const graph = buildScoringGraph({ spec: checkpoint.spec, weights: checkpoint.weights, contextLength: 64, stats: { entropy: false, top1: false } });
  const session = await openSession({ device: { kind: 'cpu' }, model: encodeModel(graph), weightsFolder: checkpoint.weightsFolder, threads: 1, spin: false });
  const losses: number[][] = [];
  for (const ids of sequences) {
    const rows = Int32Array.from({ length: ids.length - 1 }, (_, at) => at);
    const { loss } = await session.run({
      input_ids: { dtype: 'int32', dims: [1, ids.length], data: Int32Array.from(ids) },
      rows: { dtype: 'int32', dims: [1, rows.length], data: rows },
      targets: { dtype: 'int32', dims: [1, rows.length], data: Int32Array.from(ids.slice(1)) },
    });
    losses.push([...(loss!.data as Float32Array)]);
  }
  await session.release();
  return losses;
}

describe('a written checkpoint folder', () => {
  it.each(['llama-f16', 'llama-bf16', 'llama-sharded', 'llama-gqa-tied', 'qwen2', 'qwen3', 'gpt2', 'gpt2-older-names'])('of %s gives the losses that PyTorch computed from its source, within 1e-4 nats', async (name) => {
    const source = await openCheckpoint(join(oracle, name));
    const { writeFile } = folderWriter(scratch);
    await writeCheckpoint(await templateFromCheckpoint(source.folder, demo), await tensorsOf(source), 'F32', writeFile);
    const written = await openCheckpoint(scratch);
    expect(written).toMatchObject({ spec: source.spec, torchDtype: 'float32' });
    const { sequences } = JSON.parse(readFileSync(join(oracle, name, 'expected.json'), 'utf8')) as { sequences: { tokenIds: number[]; lossNats: (number | null)[] }[] };
    const long = sequences.filter(({ tokenIds }) => tokenIds.length > 1 && tokenIds.length <= 64);
    const losses = await lossesOf(scratch, long.map(({ tokenIds }) => tokenIds));
    expect(long.length).toBeGreaterThan(1);
    long.forEach(({ lossNats }, at) => {
      lossNats.slice(1).forEach((expected, token) => { expect(Math.abs(losses[at]![token]! - expected!)).toBeLessThanOrEqual(1e-4); });
    });
  });

  it('stored in the dtype of its source has the same weights, bit for bit', async () => {
    const source = await openCheckpoint(demo);
    const { writeFile } = folderWriter(scratch);
    await writeCheckpoint(await templateFromCheckpoint(demo), await tensorsOf(source), 'F16', writeFile);
    expect(await readWeights(await openCheckpoint(scratch))).toEqual(await readWeights(source));
    for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json']) expect(readFileSync(join(scratch, name)).equals(readFileSync(join(demo, name))), name).toBe(true);
    expect(readdirSync(scratch).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json']);
  });

  it('is written in an order in which a folder cut short is no checkpoint: config.json comes last', async () => {
    const { writeFile, names } = folderWriter(scratch);
    await writeCheckpoint(await templateFromCheckpoint(demo), await tensorsOf(await openCheckpoint(demo)), 'BF16', writeFile);
    expect(names).toEqual(['model.safetensors', 'tokenizer.json', 'tokenizer_config.json', 'config.json']);
  });

  it('takes the tokenizer from its folder and generation_config.json from the model, as they were when the template was made', async () => {
    const [model, tokenizer, out] = ['model', 'tokenizer', 'out'].map((name) => join(scratch, name)) as [string, string, string];
    const files: Record<string, string> = { [join(model, 'config.json')]: '{}', [join(model, 'generation_config.json')]: '{"eos_token_id":1}', [join(model, 'tokenizer.json')]: 'of the model' };
    for (const name of ['tokenizer.json', 'special_tokens_map.json', 'generation_config.json', 'weights.bin']) files[join(tokenizer, name)] = `${name} of the tokenizer`;
    for (const folder of [model, tokenizer]) mkdirSync(folder);
    for (const [path, text] of Object.entries(files)) writeFileSync(path, text);
    const template = await templateFromCheckpoint(model, tokenizer);
    rmSync(tokenizer, { recursive: true });
    const { writeFile } = folderWriter(out);
    await writeCheckpoint(template, [], 'F32', writeFile);
    const content = Object.fromEntries(readdirSync(out).filter((name) => name !== 'model.safetensors').map((name) => [name, readFileSync(join(out, name), 'utf8')]));
    expect(content).toEqual({
      'config.json': '{\n  "torch_dtype": "float32"\n}', 'generation_config.json': '{"eos_token_id":1}',
      'tokenizer.json': 'tokenizer.json of the tokenizer', 'special_tokens_map.json': 'special_tokens_map.json of the tokenizer',
    });
  });

  it('needs a tokenizer, and says so before anything is trained', async () => {
    await expect(templateFromCheckpoint(join(oracle, 'gpt2'))).rejects.toMatchObject({ kind: 'usage', message: `${join(oracle, 'gpt2')} must hold tokenizer.json, found none` });
    await expect(templateFromCheckpoint(join(scratch, 'absent'), demo)).rejects.toThrow('cannot read');
  });

  it('stops at the file whose writing failed', async () => {
    const { writeFile, names } = folderWriter(scratch);
    const full: FileWriter = async (name, write) => {
      if (name === 'tokenizer.json') throw new Error('no space is left');
      await writeFile(name, write);
    };
    await expect(writeCheckpoint(await templateFromCheckpoint(demo), [], 'F32', full)).rejects.toThrow('no space is left');
    expect(names).toEqual(['model.safetensors']);
  });
});

describe('the config.json of a checkpoint that came from another', () => {
  const source = '{\n  "rope_theta": 10000.0, "nested": {"dtype": "int8"}, "list": ["torch_dtype", {"torch_dtype": 1}],\n\t"dtype" : "bfloat16",\n  "torch_dtype": null, "rms_norm_eps": 1e-06, "text": "\\"dtype\\": \\"x\\"", "id": 12345678901234567890\n}\n';

  it('differs from it in its own dtype and in nothing else', () => {
    expect(withDtype(source, 'F16')).toBe(source.replace('"dtype" : "bfloat16"', '"dtype" : "float16"').replace('"torch_dtype": null', '"torch_dtype": "float16"'));
    expect(withDtype('{"dtype":"float32"}', 'BF16')).toBe('{"dtype":"bfloat16"}');
  });

  it('gets torch_dtype, which every version reads, where it names none', () => {
    expect(withDtype('{\n  "vocab_size": 7\n}\n', 'F32')).toBe('{\n  "vocab_size": 7,\n  "torch_dtype": "float32"\n}\n');
    expect(withDtype('{}', 'F32')).toBe('{\n  "torch_dtype": "float32"\n}');
    expect(JSON.parse(withDtype('{"a":{"dtype":"x"}}', 'F32'))).toEqual({ a: { dtype: 'x' }, torch_dtype: 'float32' });
  });
});

describe('the config.json of a model made from scratch', () => {
  const init = {
    model_type: 'llama', vocab_size: 2048, hidden_size: 32, intermediate_size: 64, num_hidden_layers: 1, num_attention_heads: 4, max_position_embeddings: 64, eos_token_id: 1,
  };

  it('holds the keys as given, the class, and null for the token ids that transformers would make up', () => {
    const model = specFromConfig(init, 'model.init');
    expect(JSON.parse(newConfigJson(model))).toEqual({ ...init, architectures: ['LlamaForCausalLM'], bos_token_id: null });
    const again = specFromConfig(JSON.parse(newConfigJson(model)), 'config.json');
    expect(again.spec).toEqual(model.spec);
    expect(again.eosTokenIds).toEqual([1]);
  });

  it('keeps a class that was given, and gets the dtype of the weights whatever was given', async () => {
    const model = specFromConfig({ ...init, architectures: ['LLaMAForCausalLM'], torch_dtype: 'bfloat16' }, 'model.init');
    const { config, copies } = await templateFromConfig(model, demo);
    expect(JSON.parse(withDtype(config, 'F32'))).toMatchObject({ architectures: ['LLaMAForCausalLM'], torch_dtype: 'float32' });
    expect([...copies.keys()]).toEqual(['tokenizer.json', 'tokenizer_config.json']);
  });
});

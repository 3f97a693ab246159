import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { TouchstoneError, errnoOf } from '../errors.js';
import { readError } from '../stream/file-chunks.js';
import { asJsonObject, describe, parseJsonObject } from './json-object.js';

/** Which files of a checkpoint folder hold its weights; names relative to the folder, without any path part. */
export interface WeightFiles {
  /** Sorted by UTF-16 code units. */
  readonly names: readonly string[];
  /** Set where an index names the file of every tensor. */
  readonly index: { readonly name: string; readonly fileOf: ReadonlyMap<string, string> } | undefined;
}

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
const OTHER_FORMATS = /\.(bin|pt|pth|ckpt|h5|msgpack|gguf)$/;

/**
 * Finds model.safetensors, or else model.safetensors.index.json and the shards it names: the order of transformers. Throws where the folder cannot be
 * read, holds an adapter or holds weights in another format only.
 */
export async function findWeightFiles(folder: string): Promise<WeightFiles> {
  const names = await folderNames(folder);
  if (names.includes('adapter_config.json')) {
    throw new TouchstoneError('usage', `${folder} must be a whole checkpoint, found an adapter (adapter_config.json)`, {
      advice: 'Merge the adapter into its base model and save the result (peft: merge_and_unload, save_pretrained).',
    });
  }
  if (!names.includes('config.json')) {
    throw new TouchstoneError('usage', `${folder} must hold config.json, found ${listed(names)}`, {
      advice: 'Give the folder of a Hugging Face checkpoint, or the path of an exported decoder .onnx file.',
    });
  }
  if (names.includes(SINGLE)) return { names: [SINGLE], index: undefined };
  if (names.includes(INDEX)) return await readIndex(folder);
  const others = names.filter((name) => OTHER_FORMATS.test(name));
  const advice =
    others.length === 0
      ? 'Download the weight files as well.'
      : 'Convert it once with transformers: AutoModelForCausalLM.from_pretrained(folder).save_pretrained(folder, safe_serialization=True).';
  throw new TouchstoneError('usage', `${folder} must hold ${SINGLE} or ${INDEX}, found ${listed(others.length === 0 ? names : others)}`, { advice });
}

async function folderNames(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    const code = errnoOf(error);
    const found = code === 'ENOENT' ? 'nothing there' : code === 'ENOTDIR' ? 'a file' : undefined;
    if (found === undefined) throw readError(folder, error);
    throw new TouchstoneError('usage', `the model must be a checkpoint folder, found ${found}: ${folder}`, { cause: error, advice: 'Check --model.' });
  }
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'an empty folder';
  return names.slice(0, 8).join(', ') + (names.length > 8 ? `, ... (${names.length} entries)` : '');
}

async function readIndex(folder: string): Promise<WeightFiles> {
  const path = join(folder, INDEX);
  const bytes = await readFile(path).catch((error: unknown) => {
    throw readError(path, error);
  });
  const value = parseJsonObject(bytes, path).get('weight_map');
  const map = asJsonObject(value);
  if (map === undefined || map.size === 0) {
    throw new TouchstoneError('io', `${path}: weight_map must be an object of tensor names and files, found ${describe(value)}`);
  }
  const fileOf = new Map(Array.from(map, ([tensor, file]) => [tensor, shardName(file, tensor, path)]));
  return { names: [...new Set(fileOf.values())].sort(), index: { name: INDEX, fileOf } };
}

/** A downloaded index must not be able to point outside its folder. */
function shardName(file: unknown, tensor: string, path: string): string {
  if (typeof file === 'string' && /^[^/\\\0:]+\.safetensors$/.test(file) && !file.startsWith('..')) return file;
  throw new TouchstoneError('io', `${path}: ${JSON.stringify(tensor)} must name a .safetensors file in the same folder, found ${describe(file)}`, {
    advice: 'Do not use this checkpoint unless you know where it comes from: its index points elsewhere.',
  });
}

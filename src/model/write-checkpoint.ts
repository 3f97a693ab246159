import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { TouchstoneError, errnoOf } from '../errors.js';
import type { WeightDtype } from '../records.js';
import type { ByteSink } from '../stream/byte-sink.js';
import { readError } from '../stream/file-chunks.js';
import { newConfigJson, withDtype } from './config-json.js';
import type { FloatTensor } from './float-tensor.js';
import { parseJsonObject } from './json-object.js';
import type { NewModelConfig } from './spec-from-config.js';
import { writeSafetensors } from './write-safetensors.js';

/** Writes one file of a folder, whole or not at all; `write` is called once. */
export type FileWriter = (name: string, write: (sink: ByteSink) => Promise<void>) => Promise<void>;

/**
 * All of a Hugging Face folder but the weights. Held in memory (a tokenizer.json has up to some 30 MB): a checkpoint hours from now must not depend on
 * whether its source still lies there unchanged.
 */
export interface CheckpointTemplate {
  /** The text of config.json, whatever dtype it names. */
  readonly config: string;
  /** Files that are copied byte for byte, by name. */
  readonly copies: ReadonlyMap<string, Uint8Array>;
}

const WEIGHTS = 'model.safetensors';
const CONFIG = 'config.json';
const GENERATION_CONFIG = 'generation_config.json';
const TOKENIZER = 'tokenizer.json';
/** What transformers 4 and 5 save and load with a fast tokenizer; only the first is needed. */
const TOKENIZER_FILES = [
  TOKENIZER, 'tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json', 'vocab.json', 'merges.txt', 'tokenizer.model', 'chat_template.jinja',
];

/** Whether a file of this name may be one that `writeCheckpoint` writes. */
export function isCheckpointFile(name: string): boolean {
  return [WEIGHTS, CONFIG, GENERATION_CONFIG, ...TOKENIZER_FILES].includes(name);
}

/** The template of a checkpoint that starts from another: its config.json and generation_config.json, and the tokenizer of `tokenizerFolder`. */
export async function templateFromCheckpoint(folder: string, tokenizerFolder: string = folder): Promise<CheckpointTemplate> {
  const path = join(folder, CONFIG);
  const bytes = await readFile(path).catch((error: unknown) => {
    throw readError(path, error);
  });
  parseJsonObject(bytes, path);
  const copies = new Map([...(await presentFiles(folder, [GENERATION_CONFIG])), ...(await tokenizerFiles(tokenizerFolder))]);
  return { config: new TextDecoder().decode(bytes), copies };
}

/** The template of a model made from scratch, with the tokenizer of `tokenizerFolder`. */
export async function templateFromConfig(model: NewModelConfig, tokenizerFolder: string): Promise<CheckpointTemplate> {
  return { config: newConfigJson(model), copies: await tokenizerFiles(tokenizerFolder) };
}

/**
 * Writes a folder that transformers, and `openCheckpoint`, load: model.safetensors, the copied files, and config.json last, without which a folder is
 * no checkpoint. Deterministic; memory as in `writeSafetensors`, whose errors it throws.
 */
export async function writeCheckpoint(template: CheckpointTemplate, tensors: readonly FloatTensor[], dtype: WeightDtype, writeFile: FileWriter): Promise<void> {
  await writeFile(WEIGHTS, (sink) => writeSafetensors(sink, tensors, dtype));
  for (const [name, bytes] of template.copies) await writeFile(name, (sink) => sink(bytes));
  await writeFile(CONFIG, (sink) => sink(Buffer.from(withDtype(template.config, dtype))));
}

async function tokenizerFiles(folder: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = await presentFiles(folder, TOKENIZER_FILES);
  if (files.has(TOKENIZER)) return files;
  throw new TouchstoneError('usage', `${folder} must hold ${TOKENIZER}, found none`, {
    advice: 'Name the folder of the tokenizer; a checkpoint without one could not be used as a model again.',
  });
}

async function presentFiles(folder: string, names: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of names) {
    const path = join(folder, name);
    try {
      files.set(name, await readFile(path));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw readError(path, error);
    }
  }
  return files;
}

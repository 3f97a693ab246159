import { readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';

import type { WeightDtype, WeightRef } from '../records.js';
import { readError } from '../stream/file-chunks.js';
import { isBuffer } from './buffers.js';
import { parseJsonObject } from './json-object.js';
import { modelConfig, type ModelConfig } from './model-config.js';
import { placeTensors, readWeightFile } from './placed-tensors.js';
import { tiedCopy } from './tied-head.js';
import { findWeightFiles } from './weight-files.js';

/** A file that decides what a checkpoint computes. */
export interface CheckpointFile {
  /** Name inside the checkpoint folder. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
}

/** A tensor of the weight files that is no weight of the model. */
export interface TensorAside {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** dtype: not F32, F16 or BF16. buffer: a mask or table the graph makes itself. tied-copy: the embedding's bytes again, as the head. */
  readonly reason: 'dtype' | 'buffer' | 'tied-copy';
}

/** A Hugging Face checkpoint folder: where each weight lies, and the numbers of its architecture. */
export interface Checkpoint extends ModelConfig {
  /** Absolute path as given. */
  readonly folder: string;
  /** Absolute path, free of links: the folder every `location` of `weights` is relative to, and below which all of them are regular files. */
  readonly weightsFolder: string;
  readonly weights: ReadonlyMap<string, WeightRef>;
  readonly aside: ReadonlyMap<string, TensorAside>;
  /** config.json, the weight files and their index, sorted by name. */
  readonly files: readonly CheckpointFile[];
}

/**
 * Reads config.json and the headers of the weight files, no weights (but for a tied head stored twice, whose two copies are compared). Names and shapes
 * are not checked against the architecture. Throws a usage error for a folder or model that is not supported, an io error for files that are missing,
 * cut short or contradict each other.
 */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  const root = resolve(folder);
  const found = await findWeightFiles(root);
  const weightFiles = await Promise.all(found.names.map((name) => readWeightFile(root, name, found)));
  const stored = placeTensors(weightFiles, found, root);
  const configPath = join(root, 'config.json');
  const bytes = await readFile(configPath).catch((error: unknown) => {
    throw readError(configPath, error);
  });
  const config = modelConfig(parseJsonObject(bytes, configPath), configPath, (name) => stored.has(name));

  const weightsFolder = commonFolder(weightFiles.map((file) => dirname(file.realPath)));
  const weights = new Map<string, WeightRef>();
  const aside = new Map<string, TensorAside>();
  const copy = await tiedCopy(config.spec, stored);
  for (const { tensor, file } of stored.values()) {
    const { name, dtype, shape, byteOffset, byteLength } = tensor;
    const reason = isBuffer(config.spec, name) ? 'buffer' : name === copy ? 'tied-copy' : isWeightDtype(dtype) ? undefined : 'dtype';
    if (reason !== undefined) aside.set(name, { name, dtype, shape, reason });
    else if (isWeightDtype(dtype)) {
      const location = relative(weightsFolder, file.realPath).split(sep).join('/');
      weights.set(name, { name, dtype, shape, location, byteOffset, byteLength });
    }
  }
  const names = ['config.json', ...found.names, ...(found.index === undefined ? [] : [found.index.name])].sort();
  return { ...config, folder: root, weightsFolder, weights, aside, files: await Promise.all(names.map((name) => checkpointFile(root, name))) };
}

function isWeightDtype(dtype: string): dtype is WeightDtype {
  return dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';
}

async function checkpointFile(folder: string, name: string): Promise<CheckpointFile> {
  const path = join(folder, name);
  return { name, path, bytes: (await stat(path)).size };
}

/** The deepest folder that holds all of these; onnxruntime refuses external data outside the folder it is given. */
function commonFolder(folders: readonly string[]): string {
  const parts = folders.map((folder) => folder.split(sep));
  const first = parts[0]!;
  let shared = first.length;
  for (const other of parts) {
    let same = 0;
    while (same < shared && other[same] === first[same]) same++;
    shared = same;
  }
  return first.slice(0, shared).join(sep) || sep;
}

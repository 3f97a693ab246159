import { realpath } from 'node:fs/promises';
import { join } from 'node:path';

import { TouchstoneError, errnoOf } from '../errors.js';
import { readError } from '../stream/file-chunks.js';
import { readSafetensors, type StoredTensor } from './safetensors.js';
import type { WeightFiles } from './weight-files.js';

export interface WeightFile {
  /** Name inside the checkpoint folder. */
  readonly name: string;
  /** Absolute, links resolved: the files of a Hugging Face cache are links to ../../blobs. */
  readonly realPath: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** A tensor and the file it lies in. */
export interface PlacedTensor {
  readonly tensor: StoredTensor;
  readonly file: WeightFile;
}

export async function readWeightFile(folder: string, name: string, found: WeightFiles): Promise<WeightFile> {
  const path = join(folder, name);
  const realPath = await realpath(path).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw readError(path, error);
    const why = found.index === undefined ? 'it is a broken link' : `${found.index.name} names it as one of ${found.names.length} files`;
    throw new TouchstoneError('io', `${path} is missing: ${why}`, { cause: error, advice: 'Download the checkpoint again, all files of it.' });
  });
  return { name, realPath, tensors: (await readSafetensors(path)).tensors };
}

/** Every tensor and its file, by name. With an index, files and index must say the same. */
export function placeTensors(files: readonly WeightFile[], { index }: WeightFiles, folder: string): ReadonlyMap<string, PlacedTensor> {
  const placed = new Map<string, PlacedTensor>();
  for (const file of files) {
    for (const tensor of file.tensors.values()) {
      const listed = index?.fileOf.get(tensor.name);
      if (index !== undefined && listed !== file.name) {
        throw inconsistent(folder, `${index.name} must name ${file.name} for tensor ${tensor.name}, which it holds, found ${listed ?? 'nothing'}`);
      }
      placed.set(tensor.name, { tensor, file });
    }
  }
  for (const [name, file] of index?.fileOf ?? []) {
    if (!placed.has(name)) throw inconsistent(folder, `${file} must hold tensor ${name}, as the index says, found none of that name`);
  }
  return placed;
}

function inconsistent(folder: string, problem: string): TouchstoneError {
  return new TouchstoneError('io', `${folder}: ${problem}`, { advice: 'Files of two downloads or versions are mixed; fetch the checkpoint again.' });
}

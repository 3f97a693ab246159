import { join } from 'node:path';

import { openFile } from '../stream/file-chunks.js';
import type { Checkpoint } from './checkpoint.js';
import { readTensor } from './read-tensors.js';

/**
 * The weights of a checkpoint as float32, by their Hugging Face names, sorted by name: F32 as stored, F16 and BF16 widened exactly. Tensors that are
 * no weights (buffers, a tied head stored twice) are left out. One tensor is read at a time: memory is the result plus 256 KiB. Throws an io error
 * where a file has changed since it was opened as a checkpoint, the signal's reason once it is aborted.
 */
export async function readWeights(checkpoint: Pick<Checkpoint, 'weights' | 'weightsFolder'>, signal?: AbortSignal): Promise<Map<string, Float32Array<ArrayBuffer>>> {
  const read = new Map<string, Float32Array<ArrayBuffer>>();
  for (const weight of [...checkpoint.weights.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(checkpoint.weightsFolder, weight.location);
    await using file = await openFile(path);
    read.set(weight.name, await readTensor(file, path, weight, signal));
  }
  return read;
}

import { createHash } from 'node:crypto';

import { hashFile } from '../stream/file-hash.js';
import type { CheckpointFile } from './checkpoint.js';

export interface CheckpointHash {
  /**
   * Lower-case hex; the sha256 of the lines "SHA256  NAME\n" of `files`, sorted by name. For a folder with one weight file that is what
   * `sha256sum config.json model.safetensors | sha256sum` prints.
   */
  readonly sha256: string;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
}

/**
 * Hashes every file that decides what a checkpoint computes, one after the other in constant memory. The result does not depend on where the folder
 * lies or whether its files are links. Throws the signal's reason once it is aborted.
 */
export async function hashCheckpoint(checkpoint: { readonly files: readonly CheckpointFile[] }, signal?: AbortSignal): Promise<CheckpointHash> {
  const files = [];
  for (const { name, path } of checkpoint.files.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    files.push({ name, ...(await hashFile(path, signal)) });
  }
  const hash = createHash('sha256');
  for (const { name, sha256 } of files) hash.update(`${sha256}  ${name}\n`);
  return { sha256: hash.digest('hex'), files };
}

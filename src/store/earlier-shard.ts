import { stat } from 'node:fs/promises';
import { TouchstoneError } from '../errors.js';
import type { EarlierShard } from '../run/earlier-run.js';
import { ioError } from '../run/io-error.js';
import { hashFile } from '../stream/file-hash.js';
import { openShard, type Shard } from './reader.js';

/** A file as it was when it was hashed. */
export interface SoundShard {
  readonly path: string;
  /** Which file this was, and when it was last written. */
  readonly stamp: string;
}

/** Hashes the shard's file. Throws an io error where it has not the sha256 its run recorded. */
export async function checkSound({ path, sha256 }: EarlierShard, signal: AbortSignal | undefined): Promise<SoundShard> {
  const stamp = await stampOf(path);
  const found = await hashFile(path, signal);
  if (found.sha256 !== sha256) throw new TouchstoneError('io', `${path} must have the sha256 its run recorded, ${sha256}, it has ${found.sha256}`);
  return { path, stamp };
}

/** Opens the file that was hashed. Throws an io error where it was written or replaced since. */
export async function openSound({ path, stamp }: SoundShard): Promise<Shard> {
  const shard = await openShard(path);
  if ((await stampOf(path)) === stamp) return shard;
  await shard.close();
  throw changedSince(path);
}

export function changedSince(path: string): TouchstoneError {
  return new TouchstoneError('io', `${path} was written or replaced since it was checked, expected it to stay as it was`, {
    advice: 'Nothing of it was used. Run the same command again.',
  });
}

async function stampOf(path: string): Promise<string> {
  try {
    const { ino, mtimeNs, size } = await stat(path, { bigint: true });
    return `${ino}/${mtimeNs}/${size}`;
  } catch (error) {
    throw ioError('read', path, error);
  }
}

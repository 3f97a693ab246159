import { link, open, rename } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { TouchstoneError, errnoOf } from '../errors.js';
import { fileSize } from './file-hash.js';
import { ioError } from './io-error.js';

/** Answers of file systems that have no hard links: FAT and exFAT, some SMB and FUSE mounts, some container volumes, those where a file has one name at most. */
const LINK_UNSUPPORTED = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** How long a claim of a living process may stay empty: it lasts from one system call to the next. */
const CLAIM_POLL_MS = 100;
const CLAIM_POLLS = 20;

/**
 * Gives a complete, durable temporary file its final name, unless something has that name: the first wins, and nothing is ever replaced.
 *
 * With hard links one system call does it: the name appears with all its bytes or not at all. Without them the final name is first claimed by an
 * exclusive create (an empty file that is ours alone) and our own claim is then replaced by an atomic rename. That keeps two of the three guarantees:
 * a file of another attempt is never replaced, and a name never shows part of a file. What is lost: a process killed between the two calls leaves
 * an empty file under the final name. Readers of this room take an empty file as damaged, never as a result, and resuming moves it aside, once it has
 * been empty for seconds: a process that sleeps that long between its two calls would replace what another has put there meanwhile, with the same bytes
 * on the same kind of CPU; verify tells where they are not.
 */
export async function publish(temporaryPath: string, finalPath: string): Promise<'created' | 'exists'> {
  try {
    await link(temporaryPath, finalPath);
    return 'created';
  } catch (error) {
    const code = errnoOf(error) ?? '';
    if (code === 'EEXIST') return 'exists';
    if (code === 'ENOENT') throw attemptGone(finalPath, error);
    if (!LINK_UNSUPPORTED.has(code)) throw ioError('create', finalPath, error);
  }
  return await claimAndRename(temporaryPath, finalPath);
}

function attemptGone(finalPath: string, cause: unknown): TouchstoneError {
  return new TouchstoneError('retryable', `cannot create ${finalPath}: the temporary file this attempt had written for it, or the folder, is gone`, {
    cause,
    advice: 'Something else removes files there, or this process slept for more than a day. Run the same command again.',
  });
}

async function claimAndRename(temporaryPath: string, finalPath: string): Promise<'created' | 'exists'> {
  try {
    const claim = await open(finalPath, 'wx');
    await claim.close();
    await rename(temporaryPath, finalPath);
    return 'created';
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw ioError('create', finalPath, error);
  }
  await outlastClaim(finalPath);
  return 'exists';
}

/**
 * Where a file is empty, waits for the attempt that has claimed its name. Returns the size then found, undefined where there is no file; 0 says
 * that the attempt was killed between its two calls.
 */
export async function outlastClaim(path: string): Promise<number | undefined> {
  for (let poll = 0; ; poll++) {
    const size = await fileSize(path);
    if (size !== 0 || poll === CLAIM_POLLS) return size;
    await sleep(CLAIM_POLL_MS);
  }
}

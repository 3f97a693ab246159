import { TouchstoneError, errnoOf, messageOf, type ErrorKind } from '../errors.js';

interface Explanation {
  readonly kind: ErrorKind;
  readonly reason: string;
  readonly advice: string;
}

const kept = 'then run the same command again: units already committed are kept.';

/** What a system error means to whoever runs the command. `retryable`: the same command may succeed without anybody's help. */
const explanations: Readonly<Record<string, Explanation>> = {
  ENOSPC: { kind: 'io', reason: 'no space is left on the device', advice: `Free space on that file system, ${kept}` },
  EDQUOT: { kind: 'io', reason: 'the disk quota is used up', advice: `Free space within the quota or raise it, ${kept}` },
  EROFS: { kind: 'io', reason: 'the file system is mounted read-only', advice: 'Choose a folder on a writable file system with --out.' },
  EACCES: { kind: 'io', reason: 'permission is denied', advice: 'Give this user access to the folder, or choose another one.' },
  EPERM: { kind: 'io', reason: 'the operation is not permitted', advice: 'Check who owns the folder and how it is mounted, or choose another one.' },
  EFBIG: { kind: 'io', reason: 'the file would be larger than the limit', advice: `Raise the file-size limit (ulimit -f), ${kept}` },
  EMFILE: { kind: 'io', reason: 'this process has too many files open', advice: `Raise the limit of open files (ulimit -n), ${kept}` },
  ENFILE: { kind: 'retryable', reason: 'the machine has too many files open', advice: `Wait until other programs have closed theirs, ${kept}` },
  EIO: { kind: 'retryable', reason: 'the device reported an input/output error', advice: `Check the device (system log), ${kept}` },
  ESTALE: { kind: 'retryable', reason: 'the network file system lost track of the file', advice: `Check the mount, ${kept}` },
  ETIMEDOUT: { kind: 'retryable', reason: 'the file system did not answer in time', advice: `Check the mount, ${kept}` },
  EBUSY: { kind: 'retryable', reason: 'the file is in use', advice: 'Run the same command again.' },
  EAGAIN: { kind: 'retryable', reason: 'the system has no resources for it at the moment', advice: 'Run the same command again.' },
  ENOENT: { kind: 'io', reason: 'it does not exist', advice: 'Check the path, and that nothing else removes files of the run folder.' },
  ENOTDIR: { kind: 'io', reason: 'a part of the path is not a folder', advice: 'Check the path.' },
  EISDIR: { kind: 'io', reason: 'it is a folder, not a file', advice: 'Check the path.' },
  ENAMETOOLONG: { kind: 'io', reason: 'the name is too long for the file system', advice: 'Choose a shorter path.' },
};

/** A file system refused something in a run folder: the fault of no unit, whichever was being written. */
export class RunFolderError extends TouchstoneError {}

/**
 * The error to throw when the file system refused `action` ("write", "sync the folder") on `path`: names both and the cause, says what to do,
 * and keeps the system error as its cause. A TouchstoneError passes through as it is.
 */
export function ioError(action: string, path: string, thrown: unknown): TouchstoneError {
  if (thrown instanceof TouchstoneError) return thrown;
  const code = errnoOf(thrown);
  const known = code === undefined ? undefined : explanations[code];
  const reason = known === undefined ? messageOf(thrown) : `${known.reason} (${code ?? ''})`;
  return new RunFolderError(known?.kind ?? 'io', `cannot ${action} ${path}: ${reason}`, {
    cause: thrown,
    advice: known?.advice ?? 'Check the file system; the message above is its own.',
  });
}

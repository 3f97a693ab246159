import { errnoOf, messageOf, TouchstoneError } from '../errors.js';
import { ioError } from '../run/io-error.js';

/**
 * What was thrown, or, where the process or the machine has too many files open, an error that says so and what to do. Reads of a run's files say it
 * themselves; the program's own modules, which are loaded when they are needed, leave it to Node.
 */
export function sayOutOfDescriptors(thrown: unknown): unknown {
  if (thrown instanceof TouchstoneError) return thrown;
  const code = errnoOf(thrown);
  if (code === 'ERR_MODULE_NOT_FOUND') {
    // Node says so too where it could not open the file to look.
    return new TouchstoneError('io', `a file of this program could not be loaded: ${messageOf(thrown)}`, {
      cause: thrown,
      advice: 'Raise the limit of open files (ulimit -n) where it is low; else install the program again.',
    });
  }
  if (code !== 'EMFILE' && code !== 'ENFILE') return thrown;
  const { path } = thrown as NodeJS.ErrnoException;
  return ioError('open', path ?? 'a file', thrown);
}

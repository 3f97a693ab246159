import { errnoOf, TouchstoneError } from '../errors.js';
import { ioError } from '../run/io-error.js';

/**
 * What was thrown, or, where the process or the machine has too many files open, an error that says so and what to do. Reads of a run's files say it
 * themselves; the program's own modules, which are loaded when they are needed, leave it to Node.
 */
export function sayOutOfDescriptors(thrown: unknown): unknown {
  if (thrown instanceof TouchstoneError) return thrown;
  const code = errnoOf(thrown);
  if (code !== 'EMFILE' && code !== 'ENFILE') return thrown;
  const { path } = thrown as NodeJS.ErrnoException;
  return ioError('open', path ?? 'a file', thrown);
}

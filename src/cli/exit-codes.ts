import { errnoOf, TouchstoneError, type ErrorKind } from '../errors.js';
import { Interrupted } from './interrupt.js';

/** sysexits.h, as far as it has a word for it: schedulers tell "try again" (75) from "do not" (78) by these. */
const EXIT_CODES: Readonly<Record<ErrorKind, number>> = { usage: 64, data: 65, internal: 70, io: 74, retryable: 75, mismatch: 78 };

/**
 * The exit code for anything thrown. Ctrl-C ends with 130 as shells expect; the signals a scheduler sends end with 75, "run me again".
 * An unforeseen system error is an I/O error; everything else unforeseen is a bug.
 */
export function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof Interrupted && thrown.signalName === 'SIGINT') return 130;
  if (thrown instanceof TouchstoneError) return EXIT_CODES[thrown.kind];
  return errnoOf(thrown)?.startsWith('E') === true ? EXIT_CODES.io : EXIT_CODES.internal;
}

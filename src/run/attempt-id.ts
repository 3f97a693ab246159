import { randomBytes } from 'node:crypto';

/** Names one attempt at something. Random, never from a clock or a process id, so that attempts on many machines do not meet. */
export function attemptId(): string {
  return randomBytes(8).toString('hex');
}

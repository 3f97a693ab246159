import { TouchstoneError } from '../errors.js';

/** Writes what went wrong to stderr: the message and what to do about it. Only a bug shows its stack. */
export function reportError(thrown: unknown): void {
  if (thrown instanceof TouchstoneError && thrown.kind !== 'internal') {
    process.stderr.write(`touchstone: ${thrown.message}\n`);
    if (thrown.advice !== undefined) process.stderr.write(`  ${thrown.advice}\n`);
    return;
  }
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  process.stderr.write(`touchstone: this is a bug, or an error nobody foresaw\n${text}\n`);
}

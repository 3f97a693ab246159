import { TouchstoneError } from '../errors.js';
import { terminalText } from './terminal-text.js';

/** Writes what went wrong to stderr: the message and what to do about it. Only a bug shows its stack. */
export function reportError(thrown: unknown): void {
  if (thrown instanceof TouchstoneError && thrown.kind !== 'internal') {
    process.stderr.write(`touchstone: ${lines(thrown.message)}\n`);
    if (thrown.advice !== undefined) process.stderr.write(`  ${lines(thrown.advice)}\n`);
    return;
  }
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  process.stderr.write(`touchstone: this is a bug, or an error nobody foresaw\n${text}\n`);
}

/** Messages may have lines of their own; what they quote is foreign. */
const lines = (text: string): string => text.split('\n').map(terminalText).join('\n');

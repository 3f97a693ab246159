import { terminalText } from './terminal-text.js';

/** A line on stderr that --quiet does not hold back: the command goes on, and somebody should look. */
export function writeWarning(text: string): void {
  process.stderr.write(`warning: ${terminalText(text)}\n`);
}

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { residentSet } from './resident-set.js';

const POLL_MS = 20;

/** Whether this system says how much memory a process uses. */
export const memoryIsKnown = existsSync('/proc/self/clear_refs');

/** Runs Node with these arguments to its end and looks at its memory all the while. @throws if it fails */
export function watchedNode(args: readonly string[]): Promise<{ readonly output: string; readonly peakMiB: number }> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  let peakMiB = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const poll = setInterval(() => {
    peakMiB = Math.max(peakMiB, residentSet(child.pid!)?.peakMiB ?? 0);
  }, POLL_MS);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      clearInterval(poll);
      if (code === 0) resolve({ output, peakMiB });
      else reject(new Error(`node ${args.join(' ')} ended with exit code ${code}`));
    });
  });
}

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { residentSet } from '../bench/resident-set.js';

export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

const POLL_MS = 20;

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly wallMs: number;
  /** Of the process itself; 0 where another program runs it. */
  readonly peakMiB: number;
}

export interface Conditions {
  /** A program, with its arguments, that runs the command: strace, prlimit, faketime. */
  readonly under?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** SIGKILL to the process group after so long. */
  readonly killAfterMs?: number;
  /** Called as soon as the process runs. */
  readonly onStart?: () => Promise<void>;
}

/** Runs the built command in a process group of its own, to its end. */
export function touchstone(args: readonly string[], { under = [], environment = {}, killAfterMs, onStart }: Conditions = {}): Promise<Ended> {
  const [program = '', ...rest] = [...under, process.execPath, MAIN, ...args];
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (chunk: string) => (text[name] += chunk));
    let peakMiB = 0;
    const poll = under.length > 0 ? undefined : setInterval(() => { peakMiB = Math.max(peakMiB, residentSet(child.pid!)?.peakMiB ?? 0); }, POLL_MS);
    const kill = killAfterMs === undefined ? undefined : setTimeout(() => { killGroup(child.pid!); }, killAfterMs);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearInterval(poll);
      clearTimeout(kill);
      resolve({ code, signal, ...text, wallMs: performance.now() - began, peakMiB });
    });
    if (onStart !== undefined) child.once('spawn', () => void onStart().catch(reject));
  });
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
}

/** Throws unless a command ended with this exit code and a message that matches. */
export function expectEnd(ended: Ended, code: number, message?: RegExp): void {
  if (ended.code !== code) throw new Error(`exit code ${code} was expected, it was ${ended.code ?? ended.signal}: ${ended.stderr.slice(0, 600)}`);
  if (message !== undefined && !message.test(ended.stderr)) throw new Error(`stderr was expected to match ${message}, it was: ${ended.stderr.slice(0, 600)}`);
}

/** Whether SIGKILL ended it; strace ends itself by the signal of what it traced. */
export function wasKilled({ code, signal }: Ended): boolean {
  return signal === 'SIGKILL' || code === 128 + 9;
}

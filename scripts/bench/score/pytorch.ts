import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Batch } from '../../../src/windows/batch.js';
import { targetGrid } from './bench-batches.js';

/** transformers + PyTorch in a process of their own, which computes when asked and waits on its input otherwise. */
export interface PyTorch {
  readonly torch: string;
  readonly transformers: string;
  score(batch: Batch): Promise<{ readonly seconds: number }>;
  /** As score, and the losses in the order of the batch's rows. */
  losses(batch: Batch): Promise<readonly number[]>;
  /** Largest resident set of the process so far. */
  peakMiB(): Promise<number>;
  close(): Promise<void>;
}

/** Target that cross_entropy leaves out. */
const IGNORED = -100;

/** @throws if the process ends, as it does where it cannot import torch or transformers; its own words are on stderr by then */
export async function startPyTorch(python: string, checkpoint: string, threads: number): Promise<PyTorch> {
  const child = spawn(python, [fileURLToPath(new URL('pytorch.py', import.meta.url)), checkpoint, String(threads)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      reject(new Error(`the PyTorch process ended with ${signal ?? `exit code ${code}`}`));
    });
  });
  ended.catch(() => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T> => JSON.parse((await Promise.race([lines.next(), ended])).value as string) as T;
  const ask = <T>(request: object): Promise<T> => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    return answer<T>();
  };
  const score = (batch: Batch, losses: boolean): Promise<{ seconds: number; losses?: number[] }> =>
    ask({ ids: [...batch.inputIds], targets: [...targetGrid(batch, IGNORED)], shape: [batch.sequences, batch.length], losses });

  const { torch, transformers, threads: used } = await answer<{ torch: string; transformers: string; threads: number }>();
  if (used !== threads) throw new Error(`PyTorch was to use ${threads} threads and uses ${used}`);
  return {
    torch,
    transformers,
    score: (batch) => score(batch, false),
    losses: async (batch) => (await score(batch, true)).losses!,
    peakMiB: async () => (await ask<{ peakMiB: number }>({ peak: true })).peakMiB,
    async close() {
      child.stdin.end();
      await ended.catch(() => undefined);
    },
  };
}

import { fileURLToPath } from 'node:url';
import type { Batch } from '../../../src/windows/batch.js';
import { checkThreads, startPython, type TorchVersions } from '../python-process.js';
import { targetGrid } from './bench-batches.js';

/** transformers + PyTorch in a process of their own. */
export interface PyTorch {
  readonly versions: TorchVersions;
  score(batch: Batch): Promise<{ readonly seconds: number }>;
  /** As score, and the losses in the order of the batch's rows. */
  losses(batch: Batch): Promise<readonly number[]>;
  /** Largest resident set of the process so far. */
  peakMiB(): Promise<number>;
  close(): Promise<void>;
}

/** Target that cross_entropy leaves out. */
const IGNORED = -100;

export async function startPyTorch(python: string, checkpoint: string, threads: number): Promise<PyTorch> {
  const { hello, ask, close } = await startPython<TorchVersions>(python, fileURLToPath(new URL('pytorch.py', import.meta.url)), [checkpoint, String(threads)]);
  checkThreads(hello, threads);
  const score = (batch: Batch, losses: boolean): Promise<{ seconds: number; losses?: number[] }> =>
    ask({ ids: [...batch.inputIds], targets: [...targetGrid(batch, IGNORED)], shape: [batch.sequences, batch.length], losses });
  return {
    versions: hello,
    score: (batch) => score(batch, false),
    losses: async (batch) => (await score(batch, true)).losses!,
    peakMiB: async () => (await ask<{ peakMiB: number }>({ peak: true })).peakMiB,
    close,
  };
}

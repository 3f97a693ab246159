import { messageOf, TouchstoneError } from '../errors.js';
import type { DeviceKind } from '../records.js';
import { openTaskPool } from '../runtime/task-pool.js';
import { workerFile } from '../runtime/worker-file.js';
import type { TokenizerWorkerData, TokenizeTask } from '../tokenizer/tokenize-task.js';
import type { EncodeTexts, TokenizedTexts } from './tokenize.js';

/** At a quarter of a million tokens a second each, as many as a GPU needs that scores a model of 100 M parameters. */
const MOST_THREADS = 4;

/** Threads that tokenize: one does it faster than a CPU scores, by far; a GPU leaves the cores to them, but for one. */
export function tokenizerThreads(device: DeviceKind, threads: number): number {
  return device === 'cpu' ? 1 : Math.min(MOST_THREADS, Math.max(1, threads - 1));
}

export interface TokenizerWorkers {
  readonly encode: EncodeTexts;
  close(): Promise<void>;
}

/** The run's tokenizer in `threads` threads of its own. A thread that is lost is replaced; what it was working on fails with a retryable error. */
export function openTokenizers(path: string, threads: number, { bytes }: { readonly bytes: boolean }): TokenizerWorkers {
  const workerData: TokenizerWorkerData = { path, library: 'auto' };
  const pool = openTaskPool<TokenizeTask, TokenizedTexts>(workerFile('../tokenizer/tokenizer.worker.js', import.meta.url), threads, workerData);
  return {
    encode: async (texts) => {
      try {
        return await pool.run({ texts, bytes });
      } catch (error) {
        throw new TouchstoneError('retryable', `the tokenizer failed on ${texts.length} texts: ${messageOf(error)}`, {
          advice: 'If memory ran out, give the process more of it or lower corpus.maxLineBytes; else run the same command again.',
          cause: error,
        });
      }
    },
    close: () => pool.close(),
  };
}

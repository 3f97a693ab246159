import { messageOf, TouchstoneError } from '../errors.js';
import { openTaskPool } from '../runtime/task-pool.js';
import { workerFile } from '../runtime/worker-file.js';
import type { TokenizerWorkerData, TokenizeTask } from '../tokenizer/tokenize-task.js';
import type { EncodeTexts, TokenizedTexts } from './tokenize.js';

/** One thread tokenizes faster than a CPU scores, by far. */
export const TOKENIZER_THREADS = 1;

export interface TokenizerWorkers {
  readonly encode: EncodeTexts;
  close(): Promise<void>;
}

/** The run's tokenizer in threads of its own. A thread that is lost is replaced; what it was working on fails with a retryable error. */
export function openTokenizers(path: string, { bytes }: { readonly bytes: boolean }): TokenizerWorkers {
  const workerData: TokenizerWorkerData = { path, library: 'auto' };
  const pool = openTaskPool<TokenizeTask, TokenizedTexts>(workerFile('../tokenizer/tokenizer.worker.js', import.meta.url), TOKENIZER_THREADS, workerData);
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

import { fileURLToPath } from 'node:url';
import { checkThreads, startPython, type TorchVersions } from '../python-process.js';
import type { TimedStep, Trainer } from './trainer.js';
import { OPTIMIZER } from './workload.js';

/** transformers + PyTorch in a process of their own. */
export interface PyTorchTrainer extends Trainer {
  readonly versions: TorchVersions;
  /** Largest resident set of the process so far. */
  peakMiB(): Promise<number>;
}

export async function openPyTorchTrainer(python: string, folder: string, threads: number): Promise<PyTorchTrainer> {
  const script = fileURLToPath(new URL('pytorch.py', import.meta.url));
  const { hello, ask, close } = await startPython<TorchVersions>(python, script, [folder, String(threads), JSON.stringify(OPTIMIZER)]);
  checkThreads(hello, threads);
  return {
    versions: hello,
    step: ({ inputIds, targets, sequences, length }) => ask<TimedStep>({ ids: [...inputIds], targets: [...targets], shape: [sequences, length] }),
    peakMiB: async () => (await ask<{ peakMiB: number }>({ peak: true })).peakMiB,
    close,
  };
}

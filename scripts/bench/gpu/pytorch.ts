import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Device, Precision } from '../../../src/records.js';
import type { Batch } from '../../../src/windows/batch.js';
import { startPython } from '../python-process.js';

/** transformers + PyTorch on a device, in a process of their own. */
export interface GpuPyTorch {
  readonly about: { readonly torch: string; readonly transformers: string };
  /** Seconds for a batch of full windows. */
  score(batch: Batch): Promise<number>;
  /** In the order of the batch's rows. */
  losses(batch: Batch): Promise<readonly number[]>;
  /** FLOP/s of the product of two matrices of this size. */
  roof(size: number): Promise<number>;
  close(): Promise<void>;
}

/** int8 is nothing PyTorch has a counterpart of. */
const DTYPES: Readonly<Record<Precision, string>> = { float32: 'float32', float16: 'float16', int8: 'float32' };

export async function startGpuPyTorch(python: string, checkpoint: string, device: Device, precision: Precision): Promise<GpuPyTorch> {
  const where = device.kind === 'cpu' ? 'cpu' : `cuda:${device.id}`;
  const { hello, ask, close } = await startPython<GpuPyTorch['about']>(python, scriptPath(), [checkpoint, where, DTYPES[precision]]);
  const request = ({ inputIds, sequences, length }: Batch, losses: boolean): object => ({ ids: [...inputIds], shape: [sequences, length], losses });
  return {
    about: hello,
    score: async (batch) => (await ask<{ seconds: number }>(request(batch, false))).seconds,
    losses: async (batch) => (await ask<{ losses: number[] }>(request(batch, true))).losses,
    roof: async (size) => (await ask<{ flops: number }>({ roof: size })).flops,
    close,
  };
}

/** Beside this file, or beside a bundle of the bench. */
function scriptPath(): string {
  const here = fileURLToPath(new URL('pytorch.py', import.meta.url));
  return existsSync(here) ? here : fileURLToPath(new URL('gpu/pytorch.py', import.meta.url));
}

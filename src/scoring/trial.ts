import { messageOf } from '../errors.js';
import type { ComputeDevice, Device, Precision } from '../records.js';
import { HungWorker } from '../runtime/hung-worker.js';
import { selfTest } from './self-test.js';

/** The self-test on one device, in the precision that is its default. */
export interface Trial {
  readonly device: Device;
  readonly precision: Precision;
  /** From opening the model to its losses. */
  readonly seconds: number;
  /** Why the device does not work; null where it does. */
  readonly problem: string | null;
}

/** What goes wrong is in the answer; only HungWorker is thrown, since its thread cannot be waited for. For CUDA the process must have been made ready. */
export async function tryDevice(computer: ComputeDevice): Promise<Trial> {
  const { device } = computer;
  const precision = device.kind === 'cpu' ? 'float32' : 'float16';
  const started = performance.now();
  const problem = await selfTest([computer], { precision, device: device.kind }).then(() => null, messageUnlessHung);
  return { device, precision, seconds: (performance.now() - started) / 1000, problem };
}

function messageUnlessHung(error: unknown): string {
  if (error instanceof HungWorker) throw error;
  return messageOf(error);
}

import { Piscina } from 'piscina';
import { messageOf, TouchstoneError } from '../errors.js';
import type { Device } from '../records.js';
import { deviceFaultOf, deviceLabel, DeviceOutOfMemory, faultText, ModelTooLarge } from './device-faults.js';
import { HungWorker } from './hung-worker.js';
import type { PlacedOperator } from './placement.js';
import type { SessionInfo, SessionSpec, SessionTask, Tensors } from './protocol.js';

/** One thread with one session. Piscina addresses threads only as a crowd; a crowd of one can be opened and closed. */
export class Lane {
  readonly device: Device;
  readonly #thread: Piscina<SessionTask, unknown>;
  #hung = false;
  #state: 'usable' | 'retired' | 'broken' = 'usable';

  constructor(spec: SessionSpec, worker: string) {
    this.device = spec.device;
    this.#thread = new Piscina({
      filename: worker,
      minThreads: 1,
      maxThreads: 1,
      idleTimeout: Infinity,
      workerData: spec,
    });
    // A thread that dies between two batches has been replaced when this is called.
    this.#thread.on('error', () => undefined);
  }

  open(): Promise<SessionInfo> {
    return this.#thread.run({ kind: 'open' }) as Promise<SessionInfo>;
  }

  async run(feeds: Tensors, timeoutMs: number): Promise<Tensors> {
    let timer: NodeJS.Timeout | undefined;
    const expiry = new Promise<never>((_, reject) => {
      // Node.js would take a longer delay for none at all.
      timer = setTimeout(() => {
        this.#hung = true;
        reject(new HungWorker(`a session of the reference model${this.device.kind === 'cpu' ? '' : ` on ${deviceLabel(this.device)}`}`, timeoutMs / 1000));
      }, Math.min(timeoutMs, 2 ** 31 - 1));
    });
    try {
      return await Promise.race([this.#thread.run({ kind: 'run', feeds }) as Promise<Tensors>, expiry]);
    } finally {
      clearTimeout(timer);
    }
  }

  placement(): Promise<readonly PlacedOperator[]> {
    return this.#thread.run({ kind: 'placement' }) as Promise<readonly PlacedOperator[]>;
  }

  get usable(): boolean {
    return !this.#hung && this.#state === 'usable';
  }

  /** 'broken': its session must not even be freed, which calls into the broken context. */
  retire(state: 'retired' | 'broken'): void {
    this.#state = state;
  }

  async close(opened: boolean): Promise<void> {
    if (this.#hung || this.#state === 'broken') return;
    if (opened) await this.#thread.run({ kind: 'close' });
    await this.#thread.destroy();
  }
}

/**
 * Makes every lane's session. Closes all of them where one fails.
 * @throws TouchstoneError ('io') that names the device where it is not the CPU
 */
export async function openLanes(lanes: readonly Lane[]): Promise<SessionInfo> {
  const opening = await Promise.allSettled(lanes.map((lane) => lane.open()));
  const failed = opening.findIndex((result) => result.status === 'rejected');
  if (failed < 0) return (opening[0] as PromiseFulfilledResult<SessionInfo>).value;
  await Promise.all(lanes.map((lane, at) => lane.close(opening[at]!.status === 'fulfilled')));
  const reason: unknown = (opening[failed] as PromiseRejectedResult).reason;
  const { device } = lanes[failed]!;
  const message = messageOf(reason);
  if (device.kind === 'cpu') {
    throw new TouchstoneError('io', `onnxruntime could not load the model: ${message}`, { advice: 'Check that the checkpoint is complete and that its weights fit into memory.', cause: reason });
  }
  if (deviceFaultOf(message) === 'memory') throw new ModelTooLarge(device, faultText(message), reason);
  throw new TouchstoneError('io', `onnxruntime could not load the model on ${deviceLabel(device)}: ${faultText(message)}`, {
    advice: 'touchstone doctor says what CUDA lacks on this machine; --device cpu does without it.',
    cause: reason,
  });
}

/** Runs a batch on every lane. Closes all of them where one fails. */
export async function warmLanes(lanes: readonly Lane[], feeds: Tensors, timeoutMs: number): Promise<void> {
  const warming = await Promise.allSettled(lanes.map((lane) => lane.run(feeds, timeoutMs)));
  const failed = warming.findIndex((result) => result.status === 'rejected');
  if (failed < 0) return;
  const reason: unknown = (warming[failed] as PromiseRejectedResult).reason;
  const { device } = lanes[failed]!;
  lanes.forEach((lane, at) => {
    const result = warming[at]!;
    if (result.status === 'rejected' && deviceFaultOf(messageOf(result.reason)) === 'lost') lane.retire('broken');
  });
  await Promise.all(lanes.map((lane) => lane.close(true)));
  if (reason instanceof TouchstoneError) throw reason;
  const text = faultText(messageOf(reason));
  if (deviceFaultOf(messageOf(reason)) === 'memory') throw new DeviceOutOfMemory(device, text, { on: 'the largest batch', cause: reason });
  throw new TouchstoneError('io', `${deviceLabel(device)} failed on its first batch: ${text}`, { advice: 'touchstone doctor checks driver and libraries.', cause: reason });
}

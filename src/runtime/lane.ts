import { Piscina } from 'piscina';
import { messageOf, TouchstoneError } from '../errors.js';
import type { Device, DeviceKind } from '../records.js';
import { noteBrokenContext } from './broken-context.js';
import { AllDevicesLost, deviceFaultOf, deviceLabel, DeviceOutOfMemory, faultText, ModelTooLarge, type LostDevice } from './device-faults.js';
import { HungWorker } from './hung-worker.js';
import type { PlacedOperator } from './placement.js';
import type { SessionInfo, SessionSpec, SessionTask, Tensors } from './protocol.js';

/**
 * Runs that a session may have at once, one computed and the others waiting in its thread. A GPU would stand idle while an answer travels to the calling thread and the next
 * batch back, and all the longer while that thread writes a row group. A CPU has no such gap worth the memory.
 */
const CAPACITY: Readonly<Record<DeviceKind, number>> = { cpu: 1, cuda: 2 };

/** One thread with one session. Piscina addresses threads only as a crowd; a crowd of one can be opened and closed. */
export class Lane {
  readonly device: Device;
  readonly capacity: number;
  /** Runs that were given to it and have not ended; whoever gives them counts them. */
  load = 0;
  readonly #thread: Piscina<SessionTask, unknown>;
  #last: Promise<unknown> = Promise.resolve();
  #hung = false;
  #broken = false;

  constructor(spec: SessionSpec, worker: string) {
    this.device = spec.device;
    this.capacity = CAPACITY[spec.device.kind];
    this.#thread = new Piscina({
      filename: worker,
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: this.capacity,
      idleTimeout: Infinity,
      workerData: spec,
    });
    // A thread that dies between two batches has been replaced when this is called.
    this.#thread.on('error', () => undefined);
  }

  open(): Promise<SessionInfo> {
    return this.#thread.run({ kind: 'open' }) as Promise<SessionInfo>;
  }

  /** @param timeoutMs counted from when the run before it on this lane has ended */
  async run(feeds: Tensors, timeoutMs: number): Promise<Tensors> {
    const before = this.#last;
    const answer = this.#thread.run({ kind: 'run', feeds }) as Promise<Tensors>;
    const ended = this.#inTime(before, answer, timeoutMs);
    this.#last = ended.catch(() => undefined);
    return await ended;
  }

  async #inTime(before: Promise<unknown>, answer: Promise<Tensors>, timeoutMs: number): Promise<Tensors> {
    answer.catch(() => undefined); // it may fail while the run before it is waited for
    await before;
    let timer: NodeJS.Timeout | undefined;
    const expiry = new Promise<never>((_, reject) => {
      const giveUp = (): void => {
        this.#hung = true;
        reject(new HungWorker(`a session of the reference model${this.device.kind === 'cpu' ? '' : ` on ${deviceLabel(this.device)}`}`, timeoutMs / 1000));
      };
      // Behind a run that hangs nothing will ever be answered. Node.js would take a longer delay for none at all.
      if (this.#hung) giveUp();
      else timer = setTimeout(giveUp, Math.min(timeoutMs, 2 ** 31 - 1));
    });
    try {
      return await Promise.race([answer, expiry]);
    } finally {
      clearTimeout(timer);
    }
  }

  placement(): Promise<readonly PlacedOperator[]> {
    return this.#thread.run({ kind: 'placement' }) as Promise<readonly PlacedOperator[]>;
  }

  get usable(): boolean {
    return !this.#hung && !this.#broken;
  }

  /** Its device is lost. Its session must not even be freed, which calls into the broken context. */
  markBroken(): void {
    this.#broken = true;
    noteBrokenContext();
  }

  async close(opened: boolean): Promise<void> {
    if (!this.usable) return;
    if (opened) await this.#thread.run({ kind: 'close' });
    await this.#thread.destroy();
  }
}

/**
 * Makes every lane's session. Devices that are lost by it are left out; where one fails otherwise, or none is left, all lanes are closed.
 * @throws TouchstoneError ('io', that names the device where it is not the CPU; 'retryable' where all are lost)
 */
export async function openLanes(lanes: readonly Lane[]): Promise<{ readonly info: SessionInfo; readonly lost: readonly LostDevice[] }> {
  const opening = await Promise.allSettled(lanes.map((lane) => lane.open()));
  const isOpen = (at: number): boolean => opening[at]!.status === 'fulfilled';
  const lost = await leaveOutLost(lanes, opening, isOpen, ({ device }, error) => {
    const message = messageOf(error);
    if (device.kind === 'cpu') {
      return new TouchstoneError('io', `onnxruntime could not load the model: ${message}`, { advice: 'Check that the checkpoint is complete and that its weights fit into memory.', cause: error });
    }
    if (deviceFaultOf(message) === 'memory') return new ModelTooLarge(device, faultText(message), error);
    return new TouchstoneError('io', `onnxruntime could not load the model on ${deviceLabel(device)}: ${faultText(message)}`, {
      advice: 'touchstone doctor says what CUDA lacks on this machine; --device cpu does without it.',
      cause: error,
    });
  });
  const opened = opening.find((result) => result.status === 'fulfilled');
  return { info: opened!.value, lost };
}

/** Runs a batch on every usable lane. Devices that are lost by it are left out; where one fails otherwise, or none is left, all lanes are closed. */
export async function warmLanes(lanes: readonly Lane[], feeds: Tensors, timeoutMs: number): Promise<readonly LostDevice[]> {
  const usable = lanes.filter((lane) => lane.usable);
  const warming = await Promise.allSettled(usable.map((lane) => lane.run(feeds, timeoutMs)));
  return await leaveOutLost(usable, warming, () => true, ({ device }, error) => {
    if (error instanceof TouchstoneError) return error;
    const text = faultText(messageOf(error));
    if (deviceFaultOf(messageOf(error)) === 'memory') return new DeviceOutOfMemory(device, text, { on: 'the largest batch', kind: 'io', cause: error });
    return new TouchstoneError('io', `${deviceLabel(device)} failed on its first batch: ${text}`, { advice: 'touchstone doctor checks driver and libraries.', cause: error });
  });
}

async function leaveOutLost(
  lanes: readonly Lane[],
  results: readonly PromiseSettledResult<unknown>[],
  isOpen: (at: number) => boolean,
  failure: (lane: Lane, error: unknown) => TouchstoneError,
): Promise<readonly LostDevice[]> {
  const lost = new Map<string, LostDevice>();
  let fatal: TouchstoneError | undefined;
  for (const [at, result] of results.entries()) {
    if (result.status === 'fulfilled') continue;
    const lane = lanes[at]!;
    const message = messageOf(result.reason);
    const isLost = lane.device.kind === 'cuda' && !(result.reason instanceof TouchstoneError) && deviceFaultOf(message) === 'lost';
    if (isLost) lost.set(deviceLabel(lane.device), { device: lane.device, reason: faultText(message) });
    else fatal ??= failure(lane, result.reason);
  }
  // All lanes of a device: what broke is the context that they share.
  for (const lane of lanes) if (lost.has(deviceLabel(lane.device))) lane.markBroken();
  if (fatal === undefined && lanes.some((lane) => lane.usable)) return [...lost.values()];
  await Promise.all(lanes.map((lane, at) => lane.close(isOpen(at))));
  throw fatal ?? new AllDevicesLost([...lost.values()]);
}

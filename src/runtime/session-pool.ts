import { messageOf, TouchstoneError } from '../errors.js';
import type { Device } from '../records.js';
import { AllDevicesLost, DeviceLost, deviceFaultOf, deviceLabel, DeviceOutOfMemory, faultText } from './device-faults.js';
import { Lane, openLanes, warmLanes } from './lane.js';
import { declineTelemetry } from './no-telemetry.js';
import type { PlacedOperator } from './placement.js';
import type { SessionInfo, SessionSpec, Tensors } from './protocol.js';
import { workerFile } from './worker-file.js';

/** Sessions of one model, each in a worker thread of its own, so that the calling thread never blocks on one. */
export interface SessionPool {
  readonly info: SessionInfo;
  readonly workers: number;
  /**
   * Runs one batch on the next free session. Feeds are copied to the worker; results are the caller's. `onDevice` is told what computed them.
   * A run that has begun is never interrupted: ending a thread inside the runtime would abort the whole process. A thread that dies is replaced, and
   * the run it was on fails. Throws HungWorker where a run exceeds the pool's time limit; its session is not used again. A CUDA device that breaks is retired
   * with all its sessions: the run throws DeviceLost, and with the last device AllDevicesLost, as do all runs after it. Where a device's memory runs out the run
   * throws DeviceOutOfMemory; the device is retired only if that happens MEMORY_FAULTS times in a row.
   */
  run(feeds: Tensors, onDevice?: (device: Device) => void): Promise<Tensors>;
  /** Where the nodes of the first session's runs so far were computed. For pools of profiled sessions, once: it ends the profiles. */
  placement(): Promise<readonly PlacedOperator[]>;
  /** Waits for running batches, frees the sessions, ends the threads; a thread that hangs or whose device broke is left alone. Batches not yet begun are refused. */
  close(): Promise<void>;
}

export interface SessionPoolOptions {
  /** After which a run that has not ended counts as hung. Default: a week. */
  readonly runTimeoutMs?: number;
  /** Runs once on every session before the first batch does: the largest batch, so that memory is claimed, or found to be too little, at the start. */
  readonly warmUp?: Tensors;
  /** URL of the worker file. Default: the one beside this module. */
  readonly worker?: string;
}

/** Times in a row after which a device that runs out of memory is retired: something else holds it, or no batch of this size will ever fit. */
const MEMORY_FAULTS = 3;

/**
 * One session for each spec.
 * @throws TouchstoneError ('io') if the runtime does not accept the model on one of the devices
 */
export async function openSessionPool(specs: readonly SessionSpec[], options: SessionPoolOptions = {}): Promise<SessionPool> {
  const { runTimeoutMs = 7 * 24 * 3600 * 1000, warmUp, worker = workerFile('./session.worker.js', import.meta.url) } = options;
  declineTelemetry();
  const lanes = specs.map((spec) => new Lane(spec, worker));
  const info = await openLanes(lanes);
  if (warmUp !== undefined) await warmLanes(lanes, warmUp, runTimeoutMs);

  const free = [...lanes];
  const waiting: ((lane: Lane | null) => void)[] = [];
  const lost = new Map<string, { readonly device: Device; readonly reason: string }>();
  const memoryFaults = new Map<string, number>();
  let closing: Promise<void> | undefined;

  const refusal = (): TouchstoneError => (lost.size > 0 && !lanes.some(({ usable }) => usable) ? new AllDevicesLost([...lost.values()]) : closed());
  const acquire = async (): Promise<Lane> => {
    if (closing !== undefined || !lanes.some(({ usable }) => usable)) throw refusal();
    const lane = free.pop() ?? (await new Promise<Lane | null>((resolve) => waiting.push(resolve)));
    if (lane === null) throw refusal();
    return lane;
  };
  const settle = (lane: Lane): void => {
    if (lane.usable) {
      const next = waiting.shift();
      if (next === undefined) free.push(lane);
      else next(lane);
      return;
    }
    // With no lane left, nobody would ever answer those who wait.
    if (!lanes.some(({ usable }) => usable)) for (const refuse of waiting.splice(0)) refuse(null);
  };
  const retire = (device: Device, reason: string, state: 'retired' | 'broken'): void => {
    const label = deviceLabel(device);
    if (!lost.has(label)) lost.set(label, { device, reason });
    for (const lane of lanes) if (deviceLabel(lane.device) === label) lane.retire(state);
    free.splice(0, free.length, ...free.filter(({ usable }) => usable));
  };
  /** What a run's error is once its device has been judged. */
  const judged = (device: Device, error: unknown): unknown => {
    if (device.kind === 'cpu' || error instanceof TouchstoneError) return error;
    const label = deviceLabel(device);
    const fault = deviceFaultOf(messageOf(error));
    const reason = faultText(messageOf(error));
    if (fault === null) return error;
    if (fault === 'memory') {
      const times = (memoryFaults.get(label) ?? 0) + 1;
      memoryFaults.set(label, times);
      if (times < MEMORY_FAULTS) return new DeviceOutOfMemory(device, reason, { cause: error });
      retire(device, `out of memory ${times} times in a row, although a smaller --batch-tokens may fit (${reason})`, 'retired');
    } else retire(device, reason, 'broken');
    return lanes.some(({ usable }) => usable) ? new DeviceLost(device, lost.get(label)!.reason, error) : new AllDevicesLost([...lost.values()]);
  };

  return {
    info,
    workers: lanes.length,
    async run(feeds, onDevice) {
      const lane = await acquire();
      try {
        const outputs = await lane.run(feeds, runTimeoutMs);
        memoryFaults.delete(deviceLabel(lane.device));
        onDevice?.(lane.device);
        return outputs;
      } catch (error) {
        throw judged(lane.device, error);
      } finally {
        settle(lane);
      }
    },
    async placement() {
      const [first] = await Promise.all(lanes.map((lane) => lane.placement()));
      return first!;
    },
    close() {
      closing ??= (async () => {
        for (const refuse of waiting.splice(0)) refuse(null);
        await Promise.all(lanes.map((lane) => lane.close(true))); // 'close' queues behind a running batch
      })();
      return closing;
    },
  };
}

function closed(): TouchstoneError {
  return new TouchstoneError('retryable', 'the session pool was closed before this batch began');
}

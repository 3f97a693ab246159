import { messageOf, TouchstoneError } from '../errors.js';
import type { Device } from '../records.js';
import { AllDevicesLost, DeviceLost, deviceFaultOf, deviceLabel, DeviceOutOfMemory, faultText, type LostDevice } from './device-faults.js';
import { Lane, openLanes, warmLanes } from './lane.js';
import { declineTelemetry } from './no-telemetry.js';
import type { PlacedOperator } from './placement.js';
import type { SessionInfo, SessionSpec, Tensors } from './protocol.js';
import { workerFile } from './worker-file.js';

/** Sessions of one model, each in a worker thread of its own, so that the calling thread never blocks on one. */
export interface SessionPool {
  readonly info: SessionInfo;
  /** Runs that are under way or wait in the threads at once; a caller that always has so many pending keeps every session busy. */
  readonly concurrency: number;
  /**
   * Runs one batch on the next free session. Feeds are copied to the worker; results are the caller's. `onDevice` is told what computed them.
   * A run that has begun is never interrupted: ending a thread inside the runtime would abort the whole process. A thread that dies is replaced, and
   * the run it was on fails. Throws HungWorker where a run exceeds the pool's time limit; its session is not used again. A CUDA device that breaks is retired
   * with all its sessions: the run throws DeviceLost, and with the last device AllDevicesLost, as do all runs after it. Where a device's memory runs out the run
   * throws DeviceOutOfMemory, and the device stays: the next batch may be smaller.
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
  /** Run once each on every session before the first batch is: the largest batches, so that memory is claimed, or found to be too little, at the start. */
  readonly warmUp?: readonly Tensors[];
  /** Called for each device that is lost before the first batch. */
  readonly onLost?: (lost: LostDevice) => void;
  /** URL of the worker file. Default: the one beside this module. */
  readonly worker?: string;
}

/**
 * One session for each spec. Devices that are lost while it is made are left out, where others are left.
 * @throws TouchstoneError ('io') if the runtime does not accept the model on one of the devices, or the largest batch does not fit into its memory
 */
export async function openSessionPool(specs: readonly SessionSpec[], options: SessionPoolOptions = {}): Promise<SessionPool> {
  const { runTimeoutMs = 7 * 24 * 3600 * 1000, warmUp = [], onLost, worker = workerFile('./session.worker.js', import.meta.url) } = options;
  declineTelemetry();
  const lanes = specs.map((spec) => new Lane(spec, worker));
  const { info, lost: lostAtOnce } = await openLanes(lanes);
  const lostAtStart = [...lostAtOnce];
  for (const feeds of warmUp) lostAtStart.push(...(await warmLanes(lanes, feeds, runTimeoutMs)));
  for (const device of lostAtStart) onLost?.(device);

  const waiting: ((lane: Lane | null) => void)[] = [];
  const lost = new Map(lostAtStart.map((device) => [deviceLabel(device.device), device]));
  let closing: Promise<void> | undefined;

  const refusal = (): TouchstoneError => (lost.size > 0 && !lanes.some(({ usable }) => usable) ? new AllDevicesLost([...lost.values()]) : closed());
  const acquire = async (): Promise<Lane> => {
    if (closing !== undefined || !lanes.some(({ usable }) => usable)) throw refusal();
    const lane = leastLoaded(lanes);
    if (lane !== undefined) {
      lane.load++;
      return lane;
    }
    const given = await new Promise<Lane | null>((resolve) => waiting.push(resolve));
    if (given === null) throw refusal();
    return given;
  };
  const settle = (lane: Lane): void => {
    lane.load--;
    if (lane.usable) {
      const next = waiting.shift();
      if (next !== undefined) {
        lane.load++;
        next(lane);
      }
      return;
    }
    // With no lane left, nobody would ever answer those who wait.
    if (!lanes.some(({ usable }) => usable)) for (const refuse of waiting.splice(0)) refuse(null);
  };
  const retire = (device: Device, reason: string): void => {
    const label = deviceLabel(device);
    if (!lost.has(label)) lost.set(label, { device, reason });
    for (const lane of lanes) if (deviceLabel(lane.device) === label) lane.markBroken();
  };
  /** What a run's error is once its device has been judged. */
  const judged = (device: Device, error: unknown): unknown => {
    if (device.kind === 'cpu' || error instanceof TouchstoneError) return error;
    const fault = deviceFaultOf(messageOf(error));
    const reason = faultText(messageOf(error));
    if (fault === null) return error;
    if (fault === 'memory') return new DeviceOutOfMemory(device, reason, { cause: error });
    retire(device, reason);
    return lanes.some(({ usable }) => usable) ? new DeviceLost(device, lost.get(deviceLabel(device))!.reason, error) : new AllDevicesLost([...lost.values()]);
  };

  return {
    info,
    concurrency: lanes.filter(({ usable }) => usable).reduce((sum, { capacity }) => sum + capacity, 0),
    async run(feeds, onDevice) {
      const lane = await acquire();
      try {
        const outputs = await lane.run(feeds, runTimeoutMs);
        onDevice?.(lane.device);
        return outputs;
      } catch (error) {
        throw judged(lane.device, error);
      } finally {
        settle(lane);
      }
    },
    async placement() {
      const [first] = await Promise.all(lanes.filter(({ usable }) => usable).map((lane) => lane.placement()));
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

function leastLoaded(lanes: readonly Lane[]): Lane | undefined {
  const open = lanes.filter(({ usable, load, capacity }) => usable && load < capacity);
  return open.length === 0 ? undefined : open.reduce((least, lane) => (lane.load < least.load ? lane : least));
}

function closed(): TouchstoneError {
  return new TouchstoneError('retryable', 'the session pool was closed before this batch began');
}

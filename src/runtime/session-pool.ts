import { Piscina } from 'piscina';
import { messageOf, TouchstoneError } from '../errors.js';
import { HungWorker } from './hung-worker.js';
import type { SessionInfo, SessionSpec, SessionTask, Tensors } from './protocol.js';
import { workerFile } from './worker-file.js';

/** Sessions of one model, each in a worker thread of its own, so that the calling thread never blocks on one. */
export interface SessionPool {
  readonly info: SessionInfo;
  readonly workers: number;
  /**
   * Runs one batch on the next free session. Feeds are copied to the worker; results are the caller's.
   * A run that has begun is never interrupted: ending a thread inside the runtime would abort the whole process. A thread that dies is replaced, and
   * the run it was on fails. Throws HungWorker where a run exceeds the pool's time limit; its session is not used again.
   */
  run(feeds: Tensors): Promise<Tensors>;
  /** Waits for running batches, frees the sessions, ends the threads; a thread that hangs is left alone. Batches not yet begun are refused. */
  close(): Promise<void>;
}

/** One thread with one session. Piscina addresses threads only as a crowd; a crowd of one can be opened and closed. */
class Lane {
  readonly #thread: Piscina<SessionTask, unknown>;
  #hung = false;

  constructor(spec: SessionSpec) {
    this.#thread = new Piscina({
      filename: workerFile('./session.worker.js', import.meta.url),
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
        reject(new HungWorker('a session of the reference model', timeoutMs / 1000));
      }, Math.min(timeoutMs, 2 ** 31 - 1));
    });
    try {
      return await Promise.race([this.#thread.run({ kind: 'run', feeds }) as Promise<Tensors>, expiry]);
    } finally {
      clearTimeout(timer);
    }
  }

  get hung(): boolean {
    return this.#hung;
  }

  async close(opened: boolean): Promise<void> {
    if (this.#hung) return;
    if (opened) await this.#thread.run({ kind: 'close' });
    await this.#thread.destroy();
  }
}

export interface SessionPoolOptions {
  /** After which a run that has not ended counts as hung. Default: a week. */
  readonly runTimeoutMs?: number;
}

/**
 * One session for each spec.
 * @throws TouchstoneError ('io') if the runtime does not accept the model
 */
export async function openSessionPool(specs: readonly SessionSpec[], { runTimeoutMs = 7 * 24 * 3600 * 1000 }: SessionPoolOptions = {}): Promise<SessionPool> {
  const lanes = specs.map((spec) => new Lane(spec));
  const opening = await Promise.allSettled(lanes.map((lane) => lane.open()));
  const failed = opening.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    await Promise.all(lanes.map((lane, at) => lane.close(opening[at]!.status === 'fulfilled')));
    throw new TouchstoneError('io', `onnxruntime could not load the model: ${messageOf(failed.reason)}`, {
      advice: 'Check that the checkpoint is complete and that its weights fit into memory.',
      cause: failed.reason,
    });
  }

  const free = [...lanes];
  const waiting: ((lane: Lane | null) => void)[] = [];
  let closing: Promise<void> | undefined;

  const acquire = async (): Promise<Lane> => {
    if (closing !== undefined || lanes.every(({ hung }) => hung)) throw closed();
    const lane = free.pop() ?? (await new Promise<Lane | null>((resolve) => waiting.push(resolve)));
    if (lane === null) throw closed();
    return lane;
  };
  const giveBack = (lane: Lane): void => {
    const next = waiting.shift();
    if (next === undefined) free.push(lane);
    else next(lane);
  };

  return {
    info: (opening[0] as PromiseFulfilledResult<SessionInfo>).value,
    workers: lanes.length,
    async run(feeds) {
      const lane = await acquire();
      try {
        return await lane.run(feeds, runTimeoutMs);
      } finally {
        if (!lane.hung) giveBack(lane);
        // With no lane left, nobody would ever answer those who wait.
        else if (lanes.every(({ hung }) => hung)) for (const refuse of waiting.splice(0)) refuse(null);
      }
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

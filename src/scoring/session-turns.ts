import type { Device } from '../records.js';
import type { SessionPool } from '../runtime/session-pool.js';
import { Queue } from '../stream/queue.js';
import type { Batch } from '../windows/batch.js';
import { runBatch, type ScoredBatch } from './run-batch.js';

/** Batches of a pool that run, and those that wait for their turn. */
interface Turns {
  running: number;
  readonly waiting: Queue<() => void>;
}

/** Of all units that share a pool. */
const turns = new WeakMap<object, Turns>();

/**
 * `runBatch` once a session has room for it; batches that wait go in the order they came, whichever unit they are of. Once the signal is aborted none begins any more: a
 * batch that a pool has been given runs to its end, so that a command could not stop before all that wait there are computed.
 * @throws the signal's reason where it is aborted before the batch begins; else as runBatch does
 */
export async function runInTurn(sessions: Pick<SessionPool, 'run' | 'concurrency'>, batch: Batch, signal: AbortSignal, onDevice?: (device: Device) => void): Promise<ScoredBatch> {
  let of = turns.get(sessions);
  if (of === undefined) turns.set(sessions, (of = { running: 0, waiting: new Queue() }));
  const { waiting } = of;
  if (of.running >= sessions.concurrency) await new Promise<void>((resolve) => { waiting.push(resolve); });
  else of.running++;
  try {
    signal.throwIfAborted();
    return await runBatch(sessions, batch, onDevice);
  } finally {
    // Whoever waits longest takes over; nobody else can come in between.
    if (waiting.size > 0) waiting.shift()();
    else of.running--;
  }
}

import { workerData } from 'piscina';
import { openSession, type Session } from './session.js';
import type { SessionInfo, SessionSpec, SessionTask, Tensors } from './protocol.js';

let session: Session | undefined;

/** One session per worker thread: made by `open`, used by `run`, freed by `close`. */
export default async function handle(task: SessionTask): Promise<SessionInfo | Tensors | null> {
  if (task.kind === 'open') {
    session = await openSession(workerData as SessionSpec);
    return session.info;
  }
  if (session === undefined) throw new Error(`session worker got "${task.kind}" before "open"`);
  if (task.kind === 'run') return await session.run(task.feeds);
  await session.release();
  session = undefined;
  return null;
}

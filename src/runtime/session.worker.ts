import { workerData } from 'piscina';
import type { PlacedOperator } from './placement.js';
import { openSession, type Session } from './session.js';
import type { SessionInfo, SessionSpec, SessionTask, Tensors } from './protocol.js';

let session: Session | undefined;

/** One session per worker thread: made by `open`, or by the first `run` in a thread that took the place of a lost one; freed by `close`. */
export default async function handle(task: SessionTask): Promise<SessionInfo | Tensors | readonly PlacedOperator[] | null> {
  if (task.kind === 'open') {
    session = await openSession(workerData as SessionSpec);
    return session.info;
  }
  if (task.kind === 'run') return await (session ??= await openSession(workerData as SessionSpec)).run(task.feeds);
  if (task.kind === 'placement') return (await session?.placement()) ?? [];
  await session?.release();
  session = undefined;
  return null;
}

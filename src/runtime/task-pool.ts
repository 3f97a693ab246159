import { Piscina } from 'piscina';

/** Worker threads for plain computing, such as tokenizing; tasks wait in a queue for a free thread. A thread that dies is replaced, and its task fails. */
export interface TaskPool<Task, Result> {
  run(task: Task): Promise<Result>;
  close(): Promise<void>;
}

/** @param worker URL of a worker file whose default export is a function of a task; see workerFile */
export function openTaskPool<Task, Result>(worker: string, threads: number, workerData: unknown): TaskPool<Task, Result> {
  const pool = new Piscina<Task, Result>({ filename: worker, minThreads: threads, maxThreads: threads, idleTimeout: Infinity, workerData });
  // A thread that dies while idle has been replaced when this is called.
  pool.on('error', () => undefined);
  return {
    run: (task) => pool.run(task),
    close: () => pool.destroy(),
  };
}

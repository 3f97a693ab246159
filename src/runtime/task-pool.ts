import { Piscina } from 'piscina';

/** Worker threads for plain computing, such as tokenizing; tasks wait in a queue for a free thread. */
export interface TaskPool<Task, Result> {
  run(task: Task): Promise<Result>;
  close(): Promise<void>;
}

/** @param worker URL of a worker file whose default export is a function of a task; see workerFile */
export function openTaskPool<Task, Result>(worker: string, threads: number, workerData: unknown): TaskPool<Task, Result> {
  const pool = new Piscina<Task, Result>({ filename: worker, minThreads: threads, maxThreads: threads, idleTimeout: Infinity, workerData });
  return {
    run: (task) => pool.run(task),
    close: () => pool.destroy(),
  };
}

import { Piscina } from 'piscina';
import { messageOf, TouchstoneError } from '../errors.js';
import type { Tensors } from './protocol.js';
import type { State, StatefulSpec, StatefulTask } from './stateful-protocol.js';
import { workerFile } from './worker-file.js';

/** Graphs and the tensors they share, in a worker thread of their own. Calls run one after the other. */
export interface StatefulSession {
  /** Runs a graph: `feeds` and the state in, outputs that are no state out; outputs `NAME/next` replace the state's NAME in place. */
  run(graph: string, feeds: Tensors): Promise<Tensors>;
  /** Copies of the named tensors as they are after the runs so far. */
  read(names: readonly string[]): Promise<State>;
  close(): Promise<void>;
}

/** @param state moved to the worker: its arrays must not be used afterwards */
export async function openStatefulSession(spec: StatefulSpec, state: State): Promise<StatefulSession> {
  const thread = new Piscina<StatefulTask, unknown>({
    filename: workerFile('./stateful.worker.js', import.meta.url),
    minThreads: 1,
    maxThreads: 1,
    idleTimeout: Infinity,
    workerData: spec,
  });
  try {
    const buffers = [...new Set(Object.values(state).map(({ data }) => data.buffer as ArrayBuffer))];
    await thread.run({ kind: 'open', state }, { transferList: buffers });
  } catch (error) {
    await thread.destroy();
    throw new TouchstoneError('internal', `onnxruntime could not load the training graph: ${messageOf(error)}`, { cause: error });
  }
  return {
    run: (graph, feeds) => thread.run({ kind: 'run', graph, feeds }) as Promise<Tensors>,
    read: (names) => thread.run({ kind: 'read', names }) as Promise<State>,
    async close() {
      await thread.run({ kind: 'close' });
      await thread.destroy();
    },
  };
}

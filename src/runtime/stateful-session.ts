import { Piscina } from 'piscina';
import { messageOf, TouchstoneError } from '../errors.js';
import type { Device } from '../records.js';
import { noteBrokenContext } from './broken-context.js';
import { deviceLabel, faultText } from './device-faults.js';
import { declineTelemetry } from './no-telemetry.js';
import type { Tensors } from './protocol.js';
import { statefulFault, TrainingDeviceLost } from './stateful-faults.js';
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

export interface StatefulSessionOptions {
  /** URL of the worker file. Default: the one beside this module. */
  readonly worker?: string;
}

/**
 * Where the memory of a CUDA device runs out calls throw 'io', and where its context breaks 'retryable'; the session then can only be closed.
 *
 * @param state moved to the worker: its arrays must not be used afterwards
 * @throws TouchstoneError ('internal', on CUDA 'io') if the runtime does not accept the graphs
 */
export async function openStatefulSession(spec: StatefulSpec, state: State, { worker = workerFile('./stateful.worker.js', import.meta.url) }: StatefulSessionOptions = {}): Promise<StatefulSession> {
  declineTelemetry();
  const thread = new Piscina<StatefulTask, unknown>({
    filename: worker,
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
    throw unloadable(spec.device, error);
  }
  let lost = false;
  const told = async <T>(task: StatefulTask): Promise<T> => {
    try {
      return (await thread.run(task)) as T;
    } catch (error) {
      const fault = statefulFault(spec.device, error);
      if (fault instanceof TrainingDeviceLost) {
        lost = true;
        noteBrokenContext();
      }
      throw fault;
    }
  };
  return {
    run: (graph, feeds) => told<Tensors>({ kind: 'run', graph, feeds }),
    read: (names) => told<State>({ kind: 'read', names }),
    async close() {
      if (lost) return;
      await thread.run({ kind: 'close' });
      await thread.destroy();
    },
  };
}

function unloadable(device: Device, error: unknown): TouchstoneError {
  if (device.kind === 'cpu') return new TouchstoneError('internal', `onnxruntime could not load the training graph: ${messageOf(error)}`, { cause: error });
  return new TouchstoneError('io', `onnxruntime could not load the training graph on ${deviceLabel(device)}: ${faultText(messageOf(error))}`, { advice: 'touchstone doctor says whether CUDA works here.', cause: error });
}

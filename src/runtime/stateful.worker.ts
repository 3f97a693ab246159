import { InferenceSession, type Tensor } from 'onnxruntime-node';
import { workerData } from 'piscina';
import type { TensorData, Tensors } from './protocol.js';
import { sessionOptions, toData, toTensor } from './session.js';
import type { StatefulSpec, StatefulTask } from './stateful-protocol.js';

const sessions = new Map<string, InferenceSession>();
const state = new Map<string, Tensor>();

/**
 * State tensors wrap the arrays they came in, and an output `NAME/next` is written straight into the array of NAME: nothing is copied.
 * That is sound only for graphs in which NAME is read by nothing that runs after the node which makes NAME/next; in a training step
 * the clipping factor sees to it, since it waits for every gradient, and a Loop over steps writes its outputs after its last iteration.
 */
export default async function handle(task: StatefulTask): Promise<Tensors | null> {
  const { graphs, device, threads } = workerData as StatefulSpec;
  switch (task.kind) {
    case 'open':
      for (const [name, data] of Object.entries(task.state)) state.set(name, toTensor(data));
      for (const [name, graph] of Object.entries(graphs)) {
        sessions.set(name, await InferenceSession.create(graph, sessionOptions({ device, weightsFolder: null, threads, spin: device.kind === 'cpu' })));
      }
      return null;
    case 'run':
      return await run(sessions.get(task.graph)!, task.feeds);
    case 'read':
      return Object.fromEntries(task.names.map((name) => [name, copyOf(state.get(name)!)]));
    case 'close':
      for (const session of sessions.values()) await session.release();
      sessions.clear();
      state.clear();
      return null;
  }
}

async function run(session: InferenceSession, feeds: Tensors): Promise<Tensors> {
  const inputs = session.inputNames.map((name) => {
    const fed = feeds[name];
    return [name, fed === undefined ? state.get(name)! : toTensor(fed)] as const;
  });
  const fetches = session.outputNames.map((name) => [name, name.endsWith('/next') ? (state.get(name.slice(0, -'/next'.length)) ?? null) : null] as const);
  const outputs = await session.run(Object.fromEntries(inputs), Object.fromEntries(fetches));
  const kept = Object.entries(outputs).filter(([name]) => !name.endsWith('/next'));
  return Object.fromEntries(kept.map(([name, tensor]) => [name, toData(name, tensor)]));
}

function copyOf(tensor: Tensor): TensorData {
  return { dtype: 'float32', dims: tensor.dims, data: (tensor.data as Float32Array).slice() };
}

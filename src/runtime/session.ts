import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { SessionInfo, SessionSpec, TensorData, Tensors } from './protocol.js';

/** A loaded graph. `run` blocks the calling thread while it computes, so sessions live in worker threads. */
export interface Session {
  readonly info: SessionInfo;
  run(feeds: Tensors): Promise<Tensors>;
  release(): Promise<void>;
}

export async function openSession(spec: SessionSpec): Promise<Session> {
  const started = performance.now();
  const options: InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    intraOpNumThreads: spec.threads, // the runtime's own default ignores cgroup limits
    interOpNumThreads: 1,
    executionMode: 'sequential',
    enableMemPattern: false, // plans memory per input shape, and shapes vary here
    logSeverityLevel: 3,
    extra: {
      session: {
        ...(spec.weightsFolder === null ? {} : { model_external_initializers_file_folder_path: spec.weightsFolder }),
        intra_op: { allow_spinning: spec.spin ? '1' : '0' },
      },
    },
  };
  const session = typeof spec.model === 'string' ? await InferenceSession.create(spec.model, options) : await InferenceSession.create(spec.model, options);
  const info = { inputs: session.inputNames, outputs: session.outputNames, loadSeconds: (performance.now() - started) / 1000 };
  return {
    info,
    async run(feeds) {
      const inputs = Object.entries(feeds).map(([name, { dtype, data, dims }]) => [name, new Tensor(dtype, data as Float32Array, dims)] as const);
      const outputs = await session.run(Object.fromEntries(inputs));
      return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, toData(name, tensor)]));
    },
    release: () => session.release(),
  };
}

function toData(name: string, tensor: Tensor): TensorData {
  const { type, dims, data } = tensor;
  if (type !== 'float32' && type !== 'int32' && type !== 'int64' && type !== 'bool') throw new Error(`output ${name} has element type ${type}, which no caller expects`);
  return { dtype: type, dims, data: data as TensorData['data'] };
}

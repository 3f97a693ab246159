import { InferenceSession, Tensor } from 'onnxruntime-node';
import { TouchstoneError } from '../errors.js';
import { declineTelemetry } from './no-telemetry.js';
import { beginProfile, type PlacedOperator } from './placement.js';
import type { SessionInfo, SessionSpec, TensorData, Tensors } from './protocol.js';

/** A loaded graph. `run` blocks the calling thread while it computes, so sessions live in worker threads. */
export interface Session {
  readonly info: SessionInfo;
  run(feeds: Tensors): Promise<Tensors>;
  /** Where the nodes of the runs so far were computed, and nothing of later ones; for a session that is profiled, once. */
  placement(): Promise<readonly PlacedOperator[]>;
  release(): Promise<void>;
}

/** What every session of this program is made with. */
export function sessionOptions({ device, weightsFolder, threads, spin }: Omit<SessionSpec, 'model'>): InferenceSession.SessionOptions {
  return {
    executionProviders: [device.kind === 'cpu' ? 'cpu' : { name: 'cuda', deviceId: device.id }],
    intraOpNumThreads: threads, // the runtime's own default ignores cgroup limits
    interOpNumThreads: 1,
    executionMode: 'sequential',
    enableMemPattern: false, // plans memory per input shape, and shapes vary here
    logSeverityLevel: 3,
    extra: {
      session: {
        ...(weightsFolder === null ? {} : { model_external_initializers_file_folder_path: weightsFolder }),
        intra_op: { allow_spinning: spin ? '1' : '0' },
      },
    },
  };
}

export async function openSession(spec: SessionSpec): Promise<Session> {
  declineTelemetry();
  const started = performance.now();
  const profile = spec.profiled === true ? await beginProfile() : null;
  const options = { ...sessionOptions(spec), ...(profile === null ? {} : { enableProfiling: true, profileFilePrefix: profile.prefix }) };
  const session = typeof spec.model === 'string' ? await InferenceSession.create(spec.model, options) : await InferenceSession.create(spec.model, options);
  const info = { inputs: session.inputNames, outputs: session.outputNames, loadSeconds: (performance.now() - started) / 1000 };
  return {
    info,
    async run(feeds) {
      const inputs = Object.entries(feeds).map(([name, data]) => [name, toTensor(data)] as const);
      const outputs = await session.run(Object.fromEntries(inputs));
      return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, toData(name, tensor)]));
    },
    async placement() {
      if (profile === null) throw new TouchstoneError('internal', 'placement is asked of a session that is not profiled');
      session.endProfiling();
      return await profile.read();
    },
    async release() {
      await session.release();
      await profile?.remove();
    },
  };
}

/** The tensor shares the array. */
export function toTensor({ dtype, data, dims }: TensorData): Tensor {
  return new Tensor(dtype, data as Float32Array, dims);
}

export function toData(name: string, tensor: Tensor): TensorData {
  const { type, dims, data } = tensor;
  if (type !== 'float32' && type !== 'int32' && type !== 'int64' && type !== 'bool') throw new Error(`output ${name} has element type ${type}, which no caller expects`);
  return { dtype: type, dims, data: data as TensorData['data'] };
}

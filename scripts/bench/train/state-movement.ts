import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, type Tensor } from 'onnxruntime-node';
import { openCheckpoint } from '../../../src/model/checkpoint.js';
import { readWeights } from '../../../src/model/read-weights.js';
import { sessionOptions, toTensor } from '../../../src/runtime/session.js';
import type { StatefulSession } from '../../../src/runtime/stateful-session.js';
import { resolveSelection } from '../../../src/selection/options.js';
import type { TrainingBatch } from '../../../src/training/data/batch.js';
import type { TrainOptions } from '../../../src/training/options.js';
import { buildStepGraphs, initialState } from '../../../src/training/step-graphs.js';
import { runStep } from '../../../src/training/step.js';

/** Where the time of a step goes, in seconds. */
export interface StepParts {
  /** The step of the trainer, from batch to outcome. */
  readonly step: number;
  /** The runtime's executor computing the nodes of the graph, those that only copy weights or moments left out. */
  readonly graph: number;
}

interface ProfileEvent {
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
  readonly args?: { readonly op_name?: string; readonly input_type_shape?: readonly Readonly<Record<string, readonly number[]>>[] };
}

/**
 * The same steps with the runtime's profiler on. What a step takes besides the graph is the price of keeping weights and moments outside of it: handing
 * them in and out (in place, or as outputs that are copied) and calling the runtime at all.
 *
 * @param inPlace whether outputs are written over the inputs they replace, as the trainer does
 */
export async function measureStepParts(folder: string, options: TrainOptions, batches: readonly TrainingBatch[], inPlace: boolean): Promise<StepParts[]> {
  const checkpoint = await openCheckpoint(folder);
  const graphs = buildStepGraphs(checkpoint.spec, options);
  if (!('last' in graphs.graphs)) throw new Error('expected the graph of a single step');
  const state = new Map(Object.entries(initialState(graphs, await readWeights(checkpoint))).map(([name, data]) => [name, toTensor(data)]));
  const profiles = await mkdtemp(join(tmpdir(), 'train-profile-'));
  try {
    const session = await InferenceSession.create(graphs.graphs.last, {
      ...sessionOptions({ device: { kind: 'cpu' }, weightsFolder: null, threads: options.run.threads as number, spin: true }),
      enableProfiling: true,
      profileFilePrefix: join(profiles, 'step'),
    });
    const stateful = directSession(session, state, inPlace);
    const seconds: number[] = [];
    for (const [step, batch] of batches.entries()) {
      const started = performance.now();
      await runStep(stateful, [batch], step, options, resolveSelection(options.selection));
      seconds.push((performance.now() - started) / 1000);
    }
    session.endProfiling();
    await session.release();
    const graph = await graphSeconds(profiles, new Set([...state.values()].map(({ dims }) => dims.join())));
    return seconds.map((step, at) => ({ step, graph: graph[at]! })).slice(1); // the first step makes the buffers
  } finally {
    await rm(profiles, { recursive: true });
  }
}

/** A stateful session in this thread, to be measured without the messages between threads. */
function directSession(session: InferenceSession, state: Map<string, Tensor>, inPlace: boolean): StatefulSession {
  const isNext = (name: string): boolean => name.endsWith('/next');
  const current = (name: string): string => name.slice(0, -'/next'.length);
  return {
    async run(_graph, feeds) {
      const inputs = session.inputNames.map((name) => [name, name in feeds ? toTensor(feeds[name]!) : state.get(name)!] as const);
      const fetches = session.outputNames.map((name) => [name, inPlace && isNext(name) ? state.get(current(name))! : null] as const);
      const outputs = Object.entries(await session.run(Object.fromEntries(inputs), Object.fromEntries(fetches)));
      for (const [name, tensor] of outputs) if (isNext(name)) state.set(current(name), tensor);
      return Object.fromEntries(outputs.filter(([name]) => !isNext(name)).map(([name, { type, dims, data }]) => [name, { dtype: type, dims, data } as never]));
    },
    read: () => Promise.reject(new Error('not measured')),
    close: () => session.release(),
  };
}

/** Seconds of every run: the executor's, less the nodes that copy a tensor of the state's shapes and do nothing else. */
async function graphSeconds(folder: string, stateShapes: ReadonlySet<string>): Promise<number[]> {
  const [file] = await readdir(folder);
  const events = JSON.parse(await readFile(join(folder, file!), 'utf8')) as ProfileEvent[];
  const runs: number[] = [];
  let copied = 0;
  for (const { name, dur, args } of events) {
    if (name.endsWith('_kernel_time') && args?.op_name === 'Identity' && stateShapes.has(Object.values(args.input_type_shape?.[0] ?? {})[0]?.join() ?? '')) copied += dur;
    if (name !== 'SequentialExecutor::Execute') continue;
    runs.push((dur - copied) / 1e6);
    copied = 0;
  }
  return runs;
}

import { encodeModel } from '../graph/encode.js';
import { buildEvaluationGraph } from '../graph/evaluation-graph.js';
import { buildLoopedTrainingGraph } from '../graph/looped-training-graph.js';
import { buildTrainingGraph, gradientName, momentName, varianceName, type TrainingGraphOptions } from '../graph/training-graph.js';
import type { ModelSpec } from '../records.js';
import type { State } from '../runtime/stateful-protocol.js';
import { resolveSelection } from '../selection/options.js';
import type { TrainOptions } from './options.js';

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * The graphs of a training run. One step a call: micro-batches of a step go through `first`, then `more`, and the last, or only one, through `last`. Several steps a
 * call: all of them go through `steps`.
 */
export interface StepGraphs {
  readonly graphs: Readonly<Record<'evaluate' | 'last', Uint8Array>> | Readonly<Record<'evaluate' | 'first' | 'more' | 'last', Uint8Array>> | Readonly<Record<'evaluate' | 'steps', Uint8Array>>;
  readonly parameters: readonly Parameter[];
  /** Optimizer steps that a call of the runtime takes at most. */
  readonly stepsPerCall: number;
}

/** Weight decay on matrices and embeddings, not on norms and biases. */
const decays: TrainingGraphOptions['decays'] = (_name, shape) => shape.length >= 2;

export function buildStepGraphs(spec: ModelSpec, options: TrainOptions, stepsPerCall = 1): StepGraphs {
  const { beta1, beta2, epsilon, clipNorm } = options.optimizer;
  const selective = options.objective.kind === 'selective';
  const temperature = selective ? resolveSelection(options.selection).temperature : null;
  const common = { spec, contextLength: options.data.length, objective: options.objective.kind, temperature, optimizer: { beta1, beta2, epsilon, clipNorm }, decays };
  const { accumulation } = options.batch;
  const evaluate = encodeModel(buildEvaluationGraph(spec, options.data.length));
  if (stepsPerCall > 1) {
    const steps = buildLoopedTrainingGraph({ ...common, accumulation });
    return { graphs: { evaluate, steps: encodeModel(steps.graph) }, parameters: steps.parameters, stepsPerCall };
  }
  const last = buildTrainingGraph({ ...common, phase: 'update', accumulated: accumulation > 1 });
  if (accumulation === 1) return { graphs: { evaluate, last: encodeModel(last.graph) }, parameters: last.parameters, stepsPerCall };
  const micro = (accumulated: boolean): Uint8Array => encodeModel(buildTrainingGraph({ ...common, phase: 'accumulate', accumulated }).graph);
  return { graphs: { evaluate, first: micro(false), more: micro(true), last: encodeModel(last.graph) }, parameters: last.parameters, stepsPerCall };
}

/** Everything the graphs share: weights, the optimizer's moments (zero unless given), and room for gradients where they are accumulated. */
export function initialState(
  { graphs, parameters }: StepGraphs,
  weights: ReadonlyMap<string, Float32Array<ArrayBuffer>>,
  moments: ReadonlyMap<string, Float32Array<ArrayBuffer>> = new Map(),
): State {
  const state: Record<string, State[string]> = {};
  for (const { name, shape } of parameters) {
    const data = weights.get(name)!;
    const tensor = (values: Float32Array<ArrayBuffer>): State[string] => ({ dtype: 'float32', dims: shape, data: values });
    state[name] = tensor(data);
    for (const moment of [momentName(name), varianceName(name)]) state[moment] = tensor(moments.get(moment) ?? new Float32Array(data.length));
    if ('first' in graphs) state[gradientName(name)] = tensor(new Float32Array(data.length));
  }
  return state;
}

/** Names of the optimizer's tensors, in the order of the parameters. */
export function momentNames(parameters: readonly Parameter[]): string[] {
  return parameters.flatMap(({ name }) => [momentName(name), varianceName(name)]);
}

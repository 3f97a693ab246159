import { GraphBuilder } from './builder.js';
import type { Value } from './ir.js';
import { LoopBuilder } from './loop.js';
import { add, concat, sizeOf, slice, sub, unsqueeze } from './ops.js';
import { nextName, type TrainingGraph } from './training-graph.js';
import { microBatch, optimizerStep, type Named, type StepTensors, type TrainingStepOptions } from './training-step.js';

export interface LoopedTrainingOptions extends TrainingStepOptions {
  /** Micro-batches of a step, A. */
  readonly accumulation: number;
}

/**
 * K whole optimizer steps in one graph: a Loop whose variables are the parameters and their moments. They enter the runtime once and leave it once for K steps,
 * which is what a device with memory of its own needs, since the runtime hands every output of a graph back to the host. A step is the one of buildTrainingGraph,
 * built by the same functions, and gives the same bits on CPU.
 *
 * Inputs are those of an 'update' graph, each stacked along a first axis K, and where A > 1 those of the micro-batches along a second one, A; without `kept_before`
 * and gradients, which stay inside. Since micro-batches may differ in their number of rows, `rows` and `targets` (K, [A,] P) are filled up to the longest, and
 * `counts` int64 (K, [A]) says how many count; the rest is cut off before anything is computed.
 * Outputs are stacked in the same way: `live_loss` float32 (K, [A,] P), 0 beyond the count; instead of `selected`, `kept` float32 (K, [A,] P), 1 where a token
 * was trained on; `loss_sum`, `weight_sum` (K, [A]); `gradient_norm` (K); and the next parameters, moments and variances after the last step.
 *
 * Proven on CPU alone. On CUDA every operator has a kernel of its own in onnxruntime 1.29, so that no tensor of a step crosses the bus but what the runtime needs on
 * the host to go on: whether the Loop goes on, a count for each NonZero and Compress, and the counts that rows are cut by, a handful of numbers a micro-batch.
 *
 * Besides the state as it came and as it goes, the runtime holds that of the step before and that of the step after an update. All of it may be given back in the
 * arrays it came in: a Loop writes its outputs once the last iteration is over.
 */
export function buildLoopedTrainingGraph(options: LoopedTrainingOptions): TrainingGraph {
  const g = new GraphBuilder(`train_steps_${options.spec.modelType}`);
  const steps = new LoopBuilder(g, 'step');
  const inputs = new Map<string, Value>();
  const variables = new Map<string, Value>();
  const declare = (name: string, dtype: Value['dtype'], shape: Value['shape']): Value => {
    const stacked = g.input(name, dtype, ['K', ...shape]);
    inputs.set(name, stacked);
    return steps.row(stacked);
  };
  const tensors: StepTensors = {
    input: declare,
    state(name, shape) {
      const variable = steps.variable(g.input(name, 'float32', shape), nextName(name));
      variables.set(name, variable);
      return variable;
    },
    nextName: (state) => `${state}/stepped`,
    replace: (state, value) => { steps.replace(variables.get(state)!, value); },
    output: (name, value) => { steps.collect(name, value); },
  };

  const { parameters, summed, count } = options.accumulation === 1 ? single(steps.body, options, tensors) : accumulated(steps.body, options, tensors);
  optimizerStep(steps.body, options, tensors, parameters, summed, count);
  for (const [name, value] of steps.build(sizeOf(g, inputs.get('step_size')!, 0), 'K')) g.output(name, value);
  return { graph: g.build(), parameters: parameters.map(({ name, value }) => ({ name, shape: value.shape as number[] })) };
}

interface Gradients {
  readonly parameters: readonly Named[];
  readonly summed: readonly Value[];
  readonly count: () => Value;
}

function single(g: GraphBuilder, options: LoopedTrainingOptions, tensors: StepTensors): Gradients {
  const { parameters, gradients, count } = microBatch(g, options, withFilling(g, tensors));
  return { parameters, summed: gradients, count };
}

/** The micro-batches of a step, in a Loop of their own whose variables are the gradients and the count. */
function accumulated(g: GraphBuilder, options: LoopedTrainingOptions, outer: StepTensors): Gradients {
  const batches = new LoopBuilder(g, 'micro_batch');
  const { body } = batches;
  const told: string[] = [];
  const within = (name: string): string => `${name}/micro_batches`;
  const inner: StepTensors = {
    ...outer,
    input: (name, dtype, shape) => batches.row(outer.input(name, dtype, ['A', ...shape])),
    output(name, value) {
      batches.collect(within(name), value);
      told.push(name);
    },
  };
  const { parameters, gradients, count } = microBatch(body, options, withFilling(body, inner));
  const sum = (name: string, initial: Value, value: Value): void => {
    const before = batches.variable(initial, name);
    batches.replace(before, add(body, before, value));
  };
  parameters.forEach(({ name, value }, at) => {
    const shape = value.shape as number[];
    sum(`${name}/summed`, g.node('ConstantOfShape', [g.constant('int64', [shape.length], shape)], 'float32', shape), gradients[at]!);
  });
  sum('counted', g.constant('float32', [], [0]), count());
  const outputs = batches.build(g.constant('int64', [1], [options.accumulation]), 'A');
  for (const name of told) outer.output(name, outputs.get(within(name))!);
  return { parameters, summed: parameters.map(({ name }) => outputs.get(`${name}/summed`)!), count: () => outputs.get('counted')! };
}

/** Cuts the filling off `rows` and `targets`, and fills up what is told of them. */
function withFilling(g: GraphBuilder, tensors: StepTensors): StepTensors {
  let counted: { readonly count: Value; readonly size: Value } | undefined;
  const cut = (filled: Value): Value => {
    counted ??= { count: unsqueeze(g, tensors.input('counts', 'int64', []), 0), size: sizeOf(g, filled, 0) };
    return slice(g, filled, 0, g.constant('int64', [1], [0]), counted.count, 'N');
  };
  const fill = (x: Value): Value => {
    const { count, size } = counted!;
    return g.node('Pad', [x, concat(g, [g.constant('int64', [1], [0]), sub(g, size, count)], 0)], x.dtype, ['P']);
  };
  return {
    ...tensors,
    input: (name, dtype, shape) => (shape[0] === 'N' ? cut(tensors.input(name, dtype, ['P'])) : tensors.input(name, dtype, shape)),
    output(name, value) {
      if (name === 'live_loss') tensors.output(name, fill(value));
      else if (name === 'selected') tensors.output('kept', marks(g, value, counted!.size));
      else tensors.output(name, value);
    },
  };
}

/** float32 [P]: 1 at each of the positions [M], 0 elsewhere. */
function marks(g: GraphBuilder, positions: Value, size: Value): Value {
  const none = g.node('ConstantOfShape', [size], 'float32', ['P']);
  const ones = g.node('Expand', [g.constant('float32', [], [1]), g.node('Shape', [positions], 'int64', [1])], 'float32', positions.shape);
  return g.node('ScatterElements', [none, positions, ones], 'float32', ['P'], { attributes: { axis: { kind: 'int', value: 0 } } });
}

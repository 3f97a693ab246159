import { TouchstoneError } from '../../errors.js';
import type { GraphBuilder } from '../builder.js';
import { describe, sameShape, type Node, type Value } from '../ir.js';
import { add } from '../ops.js';
import { ELEMENTWISE_RULES } from './elementwise-rules.js';
import { LAYOUT_RULES } from './layout-rules.js';
import { MATRIX_RULES } from './matrix-rules.js';
import { NORM_RULES } from './norm-rules.js';
import type { Rule } from './rule.js';

/** One row per operator. */
const RULES: Readonly<Record<string, Rule>> = { ...ELEMENTWISE_RULES, ...LAYOUT_RULES, ...MATRIX_RULES, ...NORM_RULES };

export interface Seed {
  readonly value: Value;
  /** Gradient of the loss with respect to `value`; same shape. */
  readonly grad: Value;
}

/**
 * Reverse-mode differentiation while a graph is built: runs back along the nodes built so far, and emits those that compute the
 * gradient of the loss with respect to each of `wanted`. Works only on paths from `wanted` to a seed.
 *
 * @returns one gradient for each of `wanted`, in order, with its shape
 * @throws TouchstoneError ('internal') for an operator without a rule, naming it, and for a wanted value no seed depends on
 */
export function gradients(g: GraphBuilder, seeds: readonly Seed[], wanted: readonly Value[]): Value[] {
  const tape = [...g.nodesSoFar];
  const carries = new Set(wanted.map(({ name }) => name));
  for (const node of tape) {
    if (node.inputs.some((input) => input !== null && carries.has(input.name))) for (const { name } of node.outputs) carries.add(name);
  }

  const grads = new Map<string, Value>();
  const accumulate = (value: Value, grad: Value): void => {
    if (!sameShape(value.shape, grad.shape)) throw new TouchstoneError('internal', `the gradient of ${describe(value)} must have its shape, got ${describe(grad)}`);
    const earlier = grads.get(value.name);
    grads.set(value.name, earlier === undefined ? grad : add(g, earlier, grad));
  };
  for (const { value, grad } of seeds) accumulate(value, grad);

  for (const node of tape.toReversed()) {
    const outputs = node.outputs.map(({ name }) => grads.get(name) ?? null);
    const grad = outputs[0] ?? outputs.find((found) => found !== null);
    if (grad === undefined || !node.outputs.some(({ name }) => carries.has(name))) continue;
    const wants = (at: number): boolean => carries.has(node.inputs[at]?.name ?? '');
    const found = ruleOf(node)(g, { node, inputs: node.inputs, output: node.outputs[0]!, grad, grads: outputs, wants });
    found.forEach((inputGrad, at) => {
      const input = node.inputs[at];
      if (inputGrad !== null && input !== null && input !== undefined && wants(at)) accumulate(input, inputGrad);
    });
  }
  return wanted.map((value) => {
    const grad = grads.get(value.name);
    if (grad === undefined) throw new TouchstoneError('internal', `the loss does not depend on ${describe(value)}`);
    return grad;
  });
}

function ruleOf(node: Node): Rule {
  const rule = RULES[node.op];
  if (rule === undefined) throw new TouchstoneError('internal', `operator ${node.op} has no gradient rule; it made ${node.outputs.map(describe).join(', ')}`);
  return rule;
}

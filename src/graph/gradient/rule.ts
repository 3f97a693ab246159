import type { GraphBuilder } from '../builder.js';
import type { Attribute, Node, Value } from '../ir.js';

/** What a rule is given: the node that ran forward, and the gradient of the loss with respect to each of its outputs. */
export interface Forward {
  readonly node: Node;
  readonly inputs: readonly (Value | null)[];
  readonly output: Value;
  /** Gradient of the first output; the only one that most nodes have. */
  readonly grad: Value;
  /** By output; null where nothing depends on it. */
  readonly grads: readonly (Value | null)[];
  /** Whether the gradient of an input is wanted at all: rules skip the work for those that are not. */
  readonly wants: (input: number) => boolean;
}

/** Emits the nodes that compute the gradient of each input; null for inputs that carry none, such as indices and shapes. */
export type Rule = (g: GraphBuilder, forward: Forward) => readonly (Value | null)[];

/** An input that every well-formed node of this kind has. */
export function operand({ inputs, node }: Forward, at: number): Value {
  const value = inputs[at];
  if (value === undefined || value === null) throw new Error(`${node.op} node has no input ${at}`);
  return value;
}

export function intAttribute({ node }: Forward, name: string, fallback: number): number {
  return numberOf(node.attributes[name], fallback);
}

export function floatAttribute({ node }: Forward, name: string, fallback: number): number {
  return numberOf(node.attributes[name], fallback);
}

function numberOf(attribute: Attribute | undefined, fallback: number): number {
  return attribute?.kind === 'int' || attribute?.kind === 'float' ? attribute.value : fallback;
}

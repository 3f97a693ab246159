import type { GraphBuilder } from '../builder.js';
import type { Value } from '../ir.js';
import { cast, concat, neg, reshape, shapeOf, sizeOf, splitInto, sub, transpose, unsqueeze } from '../ops.js';
import { intAttribute, operand, type Rule } from './rule.js';

const backToShape: Rule = (g, forward) => {
  const x = operand(forward, 0);
  return [reshape(g, forward.grad, x.shape, shapeOf(g, x)), null];
};

/** A float32 zero for every element of x. */
export function zerosLike(g: GraphBuilder, x: Value): Value {
  return g.node('ConstantOfShape', [shapeOf(g, x)], 'float32', x.shape);
}

/**
 * `base` with each row of `rows` added at its index; indices may repeat. base [N, D], indices [R], rows [R, D]. ScatterElements and not
 * ScatterND: onnxruntime runs the latter on several threads, whose additions to a repeated index come in any order.
 */
export function scatterAddRows(g: GraphBuilder, base: Value, indices: Value, rows: Value): Value {
  const column = unsqueeze(g, cast(g, indices, 'int64'), 1);
  const places = g.node('Expand', [column, shapeOf(g, rows)], 'int64', rows.shape);
  return g.node('ScatterElements', [base, places, rows], base.dtype, base.shape, {
    attributes: { axis: { kind: 'int', value: 0 }, reduction: { kind: 'string', value: 'add' } },
  });
}

export const LAYOUT_RULES: Readonly<Record<string, Rule>> = {
  Reshape: backToShape,
  Unsqueeze: backToShape,
  Squeeze: backToShape,
  Transpose: (g, { node, grad }) => {
    const attribute = node.attributes['perm'];
    const permutation = attribute?.kind === 'ints' ? attribute.value : [];
    const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
    return [transpose(g, grad, inverse)];
  },
  Split: (g, forward) => {
    const parts = forward.grads.map((grad, at) => grad ?? zerosLike(g, forward.node.outputs[at]!));
    const axis = intAttribute(forward, 'axis', 0);
    return [{ ...concat(g, parts, axis), shape: operand(forward, 0).shape }, null];
  },
  Concat: (g, forward) => {
    const axis = intAttribute(forward, 'axis', 0);
    const parts = forward.inputs.map((_, at) => operand(forward, at));
    const sizes = concat(g, parts.map((part) => sizeOf(g, part, axis)), 0);
    return splitInto(g, forward.grad, axis, sizes, parts.map((part) => part.shape[axis]!));
  },
  /** A stretch of one axis: zeros go before and after its gradient. */
  Slice: (g, forward) => {
    const x = operand(forward, 0);
    const [start, end, axes] = [1, 2, 3].map((at) => operand(forward, at));
    const sizes = g.node('Gather', [shapeOf(g, x), axes!], 'int64', [1], { attributes: { axis: { kind: 'int', value: 0 } } });
    const padding = concat(g, [start!, sub(g, sizes, end!)], 0);
    return [g.node('Pad', [forward.grad, padding, null, axes!], x.dtype, x.shape), null, null, null];
  },
  /** Rows of a table: each gradient row goes back to the row it was taken from. */
  Gather: (g, forward) => {
    const table = operand(forward, 0);
    const indices = operand(forward, 1);
    if (indices.shape.length !== 1 || table.shape.length !== 2) throw new Error(`Gather has a gradient for rows [N, D] picked by [R] only, got ${table.name} by ${indices.name}`);
    return [scatterAddRows(g, zerosLike(g, table), indices, forward.grad), null];
  },
  /** One entry of each row, [R, C] by [R, 1]: its gradient goes back to its column. */
  GatherElements: (g, forward) => {
    const x = operand(forward, 0);
    const scattered = g.node('ScatterElements', [zerosLike(g, x), operand(forward, 1), forward.grad], x.dtype, x.shape, {
      attributes: { axis: { kind: 'int', value: intAttribute(forward, 'axis', 0) }, reduction: { kind: 'string', value: 'add' } },
    });
    return [scattered, null];
  },
  /** A rotation by the opposite angles: the same cosines, the negated sines. */
  RotaryEmbedding: (g, { node, inputs, grad }) => {
    const [, positions, cosine, sine] = inputs;
    const back = g.node('RotaryEmbedding', [grad, positions ?? null, cosine ?? null, neg(g, sine!)], grad.dtype, grad.shape, { domain: 'com.microsoft', attributes: node.attributes });
    return [back, null, null, null];
  },
};


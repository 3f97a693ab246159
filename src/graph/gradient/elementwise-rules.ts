import type { GraphBuilder } from '../builder.js';
import type { Value } from '../ir.js';
import { add, div, erf, exp, mul, neg, reshape, scalar, shapeOf, sigmoid, sub, sumLastKept, sumOver, tanh } from '../ops.js';
import { floatAttribute, operand, type Rule } from './rule.js';

/** A gradient summed over the axes along which `input` was broadcast. */
function unbroadcast(g: GraphBuilder, grad: Value, input: Value): Value {
  const missing = grad.shape.length - input.shape.length;
  const axes = grad.shape.flatMap((dim, axis) => (axis < missing || (input.shape[axis - missing] === 1 && dim !== 1) ? [axis] : []));
  if (axes.length === 0) return grad;
  const summed = sumOver(g, grad, axes);
  return summed.shape.length === input.shape.length ? summed : reshape(g, summed, input.shape, shapeOf(g, input));
}

/** An elementwise function of one input: its gradient is the output's times a derivative. */
const pointwise = (derivative: (g: GraphBuilder, x: Value, y: Value) => Value): Rule => (g, forward) => [
  mul(g, forward.grad, derivative(g, operand(forward, 0), forward.output)),
];

const one = (g: GraphBuilder): Value => scalar(g, 1);

/** d gelu(x) = Phi(x) + x phi(x), with the normal distribution and density. https://arxiv.org/abs/1606.08415 */
function geluDerivative(g: GraphBuilder, x: Value): Value {
  const distribution = mul(g, scalar(g, 0.5), add(g, one(g), erf(g, mul(g, x, scalar(g, Math.SQRT1_2)))));
  const density = mul(g, scalar(g, 1 / Math.sqrt(2 * Math.PI)), exp(g, mul(g, scalar(g, -0.5), mul(g, x, x))));
  return add(g, distribution, mul(g, x, density));
}

/** With t = tanh(c (x + a x^3)): (1 + t) / 2 + x (1 - t^2) c (1 + 3 a x^2) / 2. */
function geluTanhDerivative(g: GraphBuilder, x: Value): Value {
  const c = Math.sqrt(2 / Math.PI);
  const a = 0.044715;
  const square = mul(g, x, x);
  const t = tanh(g, mul(g, x, add(g, scalar(g, c), mul(g, scalar(g, c * a), square))));
  const inner = add(g, scalar(g, c / 2), mul(g, scalar(g, (3 * a * c) / 2), square));
  const outer = mul(g, sub(g, one(g), mul(g, t, t)), mul(g, x, inner));
  return add(g, mul(g, scalar(g, 0.5), add(g, one(g), t)), outer);
}

export const ELEMENTWISE_RULES: Readonly<Record<string, Rule>> = {
  Add: (g, forward) => [0, 1].map((at) => (forward.wants(at) ? unbroadcast(g, forward.grad, operand(forward, at)) : null)),
  Sub: (g, forward) => [
    forward.wants(0) ? unbroadcast(g, forward.grad, operand(forward, 0)) : null,
    forward.wants(1) ? unbroadcast(g, neg(g, forward.grad), operand(forward, 1)) : null,
  ],
  Mul: (g, forward) => [0, 1].map((at) => (forward.wants(at) ? unbroadcast(g, mul(g, forward.grad, operand(forward, 1 - at)), operand(forward, at)) : null)),
  Div: (g, forward) => {
    const quotient = div(g, forward.grad, operand(forward, 1));
    return [
      forward.wants(0) ? unbroadcast(g, quotient, operand(forward, 0)) : null,
      forward.wants(1) ? unbroadcast(g, neg(g, mul(g, quotient, forward.output)), operand(forward, 1)) : null,
    ];
  },
  Neg: (g, { grad }) => [neg(g, grad)],
  Identity: (_g, { grad }) => [grad],
  Exp: pointwise((_g, _x, y) => y),
  Sigmoid: pointwise((g, _x, y) => mul(g, y, sub(g, one(g), y))),
  Tanh: pointwise((g, _x, y) => sub(g, one(g), mul(g, y, y))),
  Relu: (g, forward) => {
    const positive = g.node('Greater', [forward.output, scalar(g, 0)], 'bool', forward.output.shape);
    return [g.node('Where', [positive, forward.grad, scalar(g, 0)], 'float32', forward.output.shape)];
  },
  /** y = x s with s = sigmoid(a x): dy/dx = s + a y (1 - s). */
  QuickGelu: (g, forward) => {
    const alpha = floatAttribute(forward, 'alpha', 1.702);
    const x = operand(forward, 0);
    const s = sigmoid(g, alpha === 1 ? x : mul(g, x, scalar(g, alpha)));
    const bend = mul(g, forward.output, sub(g, one(g), s));
    return [mul(g, forward.grad, add(g, s, alpha === 1 ? bend : mul(g, bend, scalar(g, alpha))))];
  },
  Gelu: pointwise(geluDerivative),
  FastGelu: pointwise(geluTanhDerivative),
  /** dx = y (dy - <dy, y>), over the last axis. */
  Softmax: (g, { grad, output }) => [mul(g, output, sub(g, grad, sumLastKept(g, mul(g, grad, output))))],
  /** dx = dy - softmax(x) sum(dy), over the last axis. */
  LogSoftmax: (g, { grad, output }) => [sub(g, grad, mul(g, exp(g, output), sumLastKept(g, grad)))],
};

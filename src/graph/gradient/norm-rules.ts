import type { GraphBuilder } from '../builder.js';
import type { Value } from '../ir.js';
import { add, meanLastKept, mul, reciprocal, scalar, sqrt, sub, sumOver } from '../ops.js';
import { floatAttribute, operand, type Rule } from './rule.js';

/** 1 / sqrt(mean(x^2) + epsilon) of each row, as [..., 1]. */
function inverseRms(g: GraphBuilder, x: Value, epsilon: number): Value {
  return reciprocal(g, sqrt(g, add(g, meanLastKept(g, mul(g, x, x)), scalar(g, epsilon))));
}

/** All axes but the last. */
const rowAxes = (x: Value): number[] => x.shape.slice(0, -1).map((_, axis) => axis);

/** With n = x r, r = 1 / rms and h = dy w: dx = r (h - n mean(h n)), dw = sum over rows of dy n. */
const rmsNormRule: Rule = (g, forward) => {
  const x = operand(forward, 0);
  const weight = operand(forward, 1);
  const r = inverseRms(g, x, floatAttribute(forward, 'epsilon', 1e-5));
  const normed = mul(g, x, r);
  const h = mul(g, forward.grad, weight);
  return [
    forward.wants(0) ? mul(g, r, sub(g, h, mul(g, normed, meanLastKept(g, mul(g, h, normed))))) : null,
    forward.wants(1) ? sumOver(g, mul(g, forward.grad, normed), rowAxes(x)) : null,
  ];
};

/** With c = x - mean(x), n = c r and h = dy w: dx = r (h - mean(h) - n mean(h n)), dw = sum dy n, db = sum dy. */
const layerNormRule: Rule = (g, forward) => {
  const x = operand(forward, 0);
  const weight = operand(forward, 1);
  const centred = sub(g, x, meanLastKept(g, x));
  const r = inverseRms(g, centred, floatAttribute(forward, 'epsilon', 1e-5));
  const normed = mul(g, centred, r);
  const h = mul(g, forward.grad, weight);
  const flat = sub(g, h, meanLastKept(g, h));
  return [
    forward.wants(0) ? mul(g, r, sub(g, flat, mul(g, normed, meanLastKept(g, mul(g, h, normed))))) : null,
    forward.wants(1) ? sumOver(g, mul(g, forward.grad, normed), rowAxes(x)) : null,
    forward.wants(2) ? sumOver(g, forward.grad, rowAxes(x)) : null,
  ];
};

export const NORM_RULES: Readonly<Record<string, Rule>> = {
  SimplifiedLayerNormalization: rmsNormRule,
  LayerNormalization: layerNormRule,
};

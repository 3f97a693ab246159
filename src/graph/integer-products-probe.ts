import { GraphBuilder } from './builder.js';
import type { Graph } from './ir.js';
import { scalar } from './ops.js';

/** A graph that shows what a machine's 8-bit products are like. */
export interface IntegerProductsProbe {
  readonly graph: Graph;
  readonly feeds: { readonly activations: { readonly dtype: 'float32'; readonly dims: readonly [number, number]; readonly data: Float32Array } };
  /** Whether the sums are exact. `product`: float32 (rows, columns), what the graph gives for the feeds. */
  readonly exact: (product: Float32Array) => boolean;
}

const ROWS = 16;
const INPUTS = 64;
const OUTPUTS = 32;
const LARGEST_UNSIGNED = 255;
const LARGEST_SIGNED = 127;

/**
 * Without VNNI instructions, x86 processors add neighbouring products of unsigned and signed bytes in 16 bits, and saturate: 2 * 255 * 127 becomes 32,767. So ask
 * for the largest sums of all.
 */
export function integerProductsProbe(): IntegerProductsProbe {
  const g = new GraphBuilder('integer_products');
  const activations = g.input('activations', 'float32', [ROWS, INPUTS]);
  const weights = g.constant('int8', [INPUTS, OUTPUTS], new Int8Array(INPUTS * OUTPUTS).fill(LARGEST_SIGNED));
  const bytes = g.node('QuantizeLinear', [activations, scalar(g, 1), g.constant('uint8', [], [0])], 'uint8', activations.shape);
  const scales = g.constant('float32', [OUTPUTS], new Float32Array(OUTPUTS).fill(1));
  g.output('product', g.node('MatMulIntegerToFloat', [bytes, weights, scalar(g, 1), scales], 'float32', [ROWS, OUTPUTS], { domain: 'com.microsoft' }));
  return {
    graph: g.build(),
    feeds: { activations: { dtype: 'float32', dims: [ROWS, INPUTS], data: new Float32Array(ROWS * INPUTS).fill(LARGEST_UNSIGNED) } },
    exact: (product) => product.length === ROWS * OUTPUTS && product.every((sum) => sum === INPUTS * LARGEST_UNSIGNED * LARGEST_SIGNED),
  };
}

import type { GraphBuilder } from '../builder.js';
import type { Value } from '../ir.js';
import { conv1d, linear } from '../ops.js';

/** A matrix of the model, ready to multiply: rows x [R, I], of the graph it was made in or of a subgraph of that, to [R, O], with its bias added. */
export type Matrix = (g: GraphBuilder, x: Value) => Value;

export interface MatrixOptions {
  /** [O]; default none. */
  readonly bias?: Value | null;
  /** Whether single entries of its rows tower over the others, as they do inside an MLP: an approximation has to spend more on them. Default false. */
  readonly spikes?: boolean;
}

/** How a model's matrices multiply. Attention, norms and tables are float32 whatever this is. */
export interface Matrices {
  /** Of a weight stored [O, I] (Hugging Face Linear). */
  linear(weight: Value, options?: MatrixOptions): Matrix;
  /** Of a weight stored [I, O] (GPT-2 Conv1D). */
  conv1d(weight: Value, options?: MatrixOptions): Matrix;
}

/** In float32, as the checkpoint says. */
export const floatMatrices: Matrices = {
  linear: (weight, { bias = null } = {}) => (g, x) => linear(g, x, weight, bias),
  conv1d: (weight, { bias = null } = {}) => (g, x) => conv1d(g, x, weight, bias),
};

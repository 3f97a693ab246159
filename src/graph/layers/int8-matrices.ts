import type { GraphBuilder } from '../builder.js';
import { int, type Dim, type Value } from '../ir.js';
import { add, div, mul, neg, round, scalar, squeeze, sub, transpose } from '../ops.js';
import type { Matrices, Matrix, MatrixOptions } from './matrices.js';

export interface Int8Options {
  /**
   * How weights are stored for the runtime's kernels; the losses have the same bits. 'signed' is the form of the machines' own 8-bit instructions and at least
   * twice as fast, but some processors saturate its sums (see integerProductsProbe); 'unsigned' is exact on all.
   */
  readonly weights: 'signed' | 'unsigned';
}

/** Both sides of a product are scaled to integers of this magnitude. */
const LARGEST = 127;
/** Stands for 0 among unsigned integers. */
const ZERO_POINT = 128;
/** Magnitude a row or column of zeros is scaled by: far below all that counts, and its quotients are still normal numbers. */
const LEAST_MAGNITUDE = 1e-30;

/**
 * Products in 8-bit integers, an approximation. Each column of a weight is scaled by its largest magnitude and rounded to an integer once, when the graph is loaded
 * (the runtime folds these nodes); each row of activations likewise, by itself, while it is computed: a loss depends on its own sequence alone. Sums are exact
 * 32-bit integers, so their order does not matter: same bits for any batch and any number of threads.
 *
 * Where rows have spikes, what rounding them took away is rounded to integers 254 times finer and multiplied as well: 16 bits for twice the work.
 * A row with an entry that is not finite gives NaN throughout; a row of zeros gives the bias.
 *
 * @param g where the weights are; its subgraphs may use the matrices
 */
export function int8Matrices(g: GraphBuilder, options: Int8Options): Matrices {
  const known = new Map<Value, { readonly at: GraphBuilder; readonly rows: QuantizedRows }>();
  /** Queries, keys and values multiply the same rows, as gate and up do. */
  const rowsOf = (at: GraphBuilder, x: Value): QuantizedRows => {
    const found = known.get(x);
    if (found?.at === at) return found.rows;
    const rows = quantizeRows(at, x);
    known.set(x, { at, rows });
    return rows;
  };
  const matrix = (stored: Value, inputAxis: 0 | 1, { bias = null, spikes = false }: MatrixOptions = {}): Matrix => {
    const weight = quantizeWeight(g, stored, inputAxis, options);
    return (at, x) => {
      const { unit, integers, scale } = rowsOf(at, x);
      let product = multiply(at, integers, 1, weight);
      if (spikes) product = add(at, product, multiply(at, toIntegers(at, sub(at, unit, round(at, unit)), 1 / (2 * LARGEST)), 1 / (2 * LARGEST), weight));
      const scaled = mul(at, product, scale);
      return bias === null ? scaled : add(at, scaled, bias);
    };
  };
  return { linear: (weight, more) => matrix(weight, 1, more), conv1d: (weight, more) => matrix(weight, 0, more) };
}

interface QuantizedRows {
  /** float32 [R, I]: the rows, scaled to -127 .. 127. */
  readonly unit: Value;
  /** uint8 [R, I]: the same, rounded, plus 128. */
  readonly integers: Value;
  /** float32 [R, 1] */
  readonly scale: Value;
}

function quantizeRows(g: GraphBuilder, x: Value): QuantizedRows {
  const scale = div(g, magnitude(g, x, 1), scalar(g, LARGEST));
  const unit = div(g, x, scale);
  return { unit, integers: toIntegers(g, unit, 1), scale };
}

/** uint8: x in multiples of `step`, rounded to the nearest, half to even; plus 128. */
function toIntegers(g: GraphBuilder, x: Value, step: number): Value {
  return g.node('QuantizeLinear', [x, scalar(g, step), g.constant('uint8', [], [ZERO_POINT])], 'uint8', x.shape);
}

interface QuantizedWeight {
  /** int8 or uint8 [I, O] */
  readonly integers: Value;
  /** What stands for 0 among them: scalar. */
  readonly zeroPoint: Value;
  /** float32 [O] */
  readonly scale: Value;
}

/** A weight whose inputs run along `inputAxis`. Made of the graph's constants, by nodes whose largest results take a byte a weight. */
function quantizeWeight(g: GraphBuilder, stored: Value, inputAxis: 0 | 1, { weights }: Int8Options): QuantizedWeight {
  const scale = squeeze(g, div(g, magnitude(g, stored, inputAxis), scalar(g, LARGEST)), inputAxis);
  const dtype = weights === 'signed' ? 'int8' : 'uint8';
  const zeroPoint = g.constant(dtype, [], [weights === 'signed' ? 0 : ZERO_POINT]);
  const zeroPoints = g.node('Expand', [zeroPoint, g.constant('int64', [1], [scale.shape[0] as number])], dtype, scale.shape);
  const integers = g.node('QuantizeLinear', [stored, scale, zeroPoints], dtype, stored.shape, { attributes: { axis: int(1 - inputAxis) } });
  return { integers: inputAxis === 0 ? integers : transpose(g, integers, [1, 0]), zeroPoint, scale };
}

/** float32 [R, O]: the rows times `step`, times the matrix. */
function multiply(g: GraphBuilder, rows: Value, step: number, { integers, zeroPoint, scale }: QuantizedWeight): Value {
  const inputs = [rows, integers, scalar(g, step), scale, g.constant('uint8', [], [ZERO_POINT]), zeroPoint];
  return g.node('MatMulIntegerToFloat', inputs, 'float32', [rows.shape[0]!, integers.shape[1]!], { domain: 'com.microsoft' });
}

/** The largest magnitude along an axis, which stays with size 1; NaN where an entry is not finite, which the runtime's maximum passes over. */
function magnitude(g: GraphBuilder, x: Value, axis: 0 | 1): Value {
  const shape: readonly Dim[] = x.shape.map((size, at) => (at === axis ? 1 : size));
  const reduce = (op: string): Value => g.node(op, [x, g.constant('int64', [1], [axis])], 'float32', shape, { attributes: { keepdims: int(1) } });
  const largest = g.node('Max', [reduce('ReduceMax'), neg(g, reduce('ReduceMin')), scalar(g, LEAST_MAGNITUDE)], 'float32', shape);
  return add(g, largest, mul(g, reduce('ReduceSum'), scalar(g, 0)));
}

import { TouchstoneError } from '../errors.js';
import type { GraphBuilder } from './builder.js';
import { describe, float, int, ints, sameShape, type Dim, type Value } from './ir.js';

/** One-line verbs over values. Shapes are checked here, so a mistake points at the line that made it. */

function refuse(op: string, why: string, ...values: readonly Value[]): never {
  throw new TouchstoneError('internal', `${op}: ${why}; got ${values.map(describe).join(' and ')}`);
}

/** Shape of `a op b` under ONNX (NumPy) broadcasting. */
function broadcast(op: string, a: Value, b: Value): Dim[] {
  const rank = Math.max(a.shape.length, b.shape.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a.shape[axis - rank + a.shape.length] ?? 1;
    const right = b.shape[axis - rank + b.shape.length] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    return refuse(op, `dimension ${left} does not broadcast to ${right}`, a, b);
  });
}

const elementwise = (op: string) => (g: GraphBuilder, a: Value, b: Value): Value => {
  if (a.dtype !== b.dtype) refuse(op, 'element types must be equal', a, b);
  return g.node(op, [a, b], a.dtype, broadcast(op, a, b));
};

export const add = elementwise('Add');
export const sub = elementwise('Sub');
export const mul = elementwise('Mul');
export const div = elementwise('Div');

const unary = (op: string) => (g: GraphBuilder, x: Value): Value => g.node(op, [x], x.dtype, x.shape);

export const neg = unary('Neg');
export const exp = unary('Exp');
export const log = unary('Log');
export const relu = unary('Relu');
export const sigmoid = unary('Sigmoid');
export const tanh = unary('Tanh');
export const erf = unary('Erf');
export const sqrt = unary('Sqrt');
/** To the nearest integer, half to even. */
export const round = unary('Round');
export const reciprocal = unary('Reciprocal');

/** A float32 number, for arithmetic with any float32 value. */
export function scalar(g: GraphBuilder, value: number): Value {
  return g.constant('float32', [], [value]);
}

export function cast(g: GraphBuilder, x: Value, dtype: 'float32' | 'float16' | 'int32' | 'int64'): Value {
  const code = { float32: 1, int32: 6, int64: 7, float16: 10 }[dtype];
  return x.dtype === dtype ? x : g.node('Cast', [x], dtype, x.shape, { attributes: { to: int(code) } });
}

/** The exact erf form, or its tanh approximation. */
export function gelu(g: GraphBuilder, x: Value, approximation: 'none' | 'tanh'): Value {
  return approximation === 'none'
    ? g.node('Gelu', [x], x.dtype, x.shape, { domain: 'com.microsoft' })
    : g.node('FastGelu', [x, null], x.dtype, x.shape, { domain: 'com.microsoft' });
}

/** x * sigmoid(x). */
export function silu(g: GraphBuilder, x: Value): Value {
  return g.node('QuickGelu', [x], x.dtype, x.shape, { domain: 'com.microsoft', attributes: { alpha: float(1) } });
}

/** Rows of `table` picked by integer `indices`: shape indices.shape + table.shape[1..]. */
export function gatherRows(g: GraphBuilder, table: Value, indices: Value): Value {
  return g.node('Gather', [table, indices], table.dtype, [...indices.shape, ...table.shape.slice(1)], { attributes: { axis: int(0) } });
}

/** One entry of each row of x [R, C], picked by column index [R]: [R]. */
export function gatherColumn(g: GraphBuilder, x: Value, column: Value): Value {
  const rows = column.shape[0]!;
  if (column.shape.length !== 1 || x.shape.length !== 2 || rows !== x.shape[0]) refuse('gatherColumn', 'expected [R, C] and [R]', x, column);
  const picked = g.node('GatherElements', [x, unsqueeze(g, column, 1)], x.dtype, [rows, 1], { attributes: { axis: int(1) } });
  return squeeze(g, picked, 1);
}

export function unsqueeze(g: GraphBuilder, x: Value, axis: number): Value {
  const shape = [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)];
  return g.node('Unsqueeze', [x, g.constant('int64', [1], [axis])], x.dtype, shape);
}

export function squeeze(g: GraphBuilder, x: Value, axis: number): Value {
  if (x.shape[axis] !== 1) refuse('squeeze', `axis ${axis} must have size 1`, x);
  return g.node('Squeeze', [x, g.constant('int64', [1], [axis])], x.dtype, x.shape.filter((_, at) => at !== axis));
}

/** x [R, I] times a matrix stored [O, I] (Hugging Face Linear): [R, O], plus bias [O] where given. onnxruntime packs the weight once. */
export function linear(g: GraphBuilder, x: Value, weight: Value, bias: Value | null = null): Value {
  return gemm(g, x, weight, bias, true);
}

/** x [R, I] times a matrix stored [I, O] (GPT-2 Conv1D): [R, O], plus bias [O] where given. */
export function conv1d(g: GraphBuilder, x: Value, weight: Value, bias: Value | null = null): Value {
  return gemm(g, x, weight, bias, false);
}

function gemm(g: GraphBuilder, x: Value, weight: Value, bias: Value | null, transposed: boolean): Value {
  const [rows, inner] = x.shape;
  const [outputs, expected] = transposed ? weight.shape : [weight.shape[1], weight.shape[0]];
  if (x.shape.length !== 2 || weight.shape.length !== 2 || inner !== expected) refuse('linear', 'inner dimensions must be equal', x, weight);
  if (bias !== null && !sameShape(bias.shape, [outputs!])) refuse('linear', `bias must have ${outputs} entries`, bias);
  const attributes = transposed ? { transB: int(1) } : {};
  return g.node('Gemm', bias === null ? [x, weight] : [x, weight, bias], x.dtype, [rows!, outputs!], { attributes });
}

/** Batched a [..., M, K] times b [..., K, N]: [..., M, N]. */
export function matMul(g: GraphBuilder, a: Value, b: Value): Value {
  const inner = b.shape.at(-2);
  if (a.shape.at(-1) !== inner || !sameShape(a.shape.slice(0, -2), b.shape.slice(0, -2))) refuse('matMul', 'shapes do not fit', a, b);
  return g.node('MatMul', [a, b], a.dtype, [...a.shape.slice(0, -1), b.shape.at(-1)!]);
}

export interface FusedMatMulOptions {
  /** Take the last two axes of a, or of b, the other way round. */
  readonly transA?: boolean;
  readonly transB?: boolean;
  /** Factor on the product; default 1. */
  readonly scale?: number;
}

/** Batched scale * op(a) times op(b), where op may transpose the last two axes. */
export function fusedMatMul(g: GraphBuilder, a: Value, b: Value, { transA = false, transB = false, scale = 1 }: FusedMatMulOptions): Value {
  const [rows, innerA] = transA ? [a.shape.at(-1)!, a.shape.at(-2)] : [a.shape.at(-2)!, a.shape.at(-1)];
  const [innerB, columns] = transB ? [b.shape.at(-1), b.shape.at(-2)!] : [b.shape.at(-2), b.shape.at(-1)!];
  const batch = a.shape.slice(0, -2);
  if (innerA !== innerB || !sameShape(batch, b.shape.slice(0, -2))) refuse('fusedMatMul', 'shapes do not fit', a, b);
  const attributes = { transA: int(Number(transA)), transB: int(Number(transB)), alpha: float(scale) };
  return g.node('FusedMatMul', [a, b], a.dtype, [...batch, rows, columns], { domain: 'com.microsoft', attributes });
}

export function softmax(g: GraphBuilder, x: Value): Value {
  return g.node('Softmax', [x], x.dtype, x.shape, { attributes: { axis: int(-1) } });
}

export function logSoftmax(g: GraphBuilder, x: Value): Value {
  return g.node('LogSoftmax', [x], x.dtype, x.shape, { attributes: { axis: int(-1) } });
}

/** Sum over the last axis, which disappears. */
export function sumLast(g: GraphBuilder, x: Value): Value {
  return reduceLast(g, 'ReduceSum', x);
}

/** Maximum over the last axis, which disappears. */
export function maxLast(g: GraphBuilder, x: Value): Value {
  return reduceLast(g, 'ReduceMax', x);
}

/** Mean over the last axis, which stays with size 1. */
export function meanLastKept(g: GraphBuilder, x: Value): Value {
  return reduceLastKept(g, 'ReduceMean', x);
}

/** Sum over the last axis, which stays with size 1. (Of an x without elements the runtime leaves the shape as it is, which broadcasts to x as well.) */
export function sumLastKept(g: GraphBuilder, x: Value): Value {
  return reduceLastKept(g, 'ReduceSum', x);
}

function reduceLastKept(g: GraphBuilder, op: 'ReduceMean' | 'ReduceSum', x: Value): Value {
  const axes = g.constant('int64', [1], [-1]);
  return g.node(op, [x, axes], x.dtype, [...x.shape.slice(0, -1), 1], { attributes: { keepdims: int(1) } });
}

/** Dimensions that may be 0 when a graph runs: positions of a micro-batch that have a target, flat or by groups, and those that are trained on. No other is. */
export const MAY_BE_EMPTY: ReadonlySet<Dim> = new Set(['N', 'S*L', 'M']);

/** Sum over the given axes, which disappear; 0 over an axis without elements. */
export function sumOver(g: GraphBuilder, x: Value, axes: readonly number[]): Value {
  const shape = x.shape.filter((_, axis) => !axes.includes(axis));
  const summed = axes.filter((axis) => MAY_BE_EMPTY.has(x.shape[axis]!)).reduce((value, axis) => neverEmpty(g, value, axis), x);
  return g.node('ReduceSum', [summed, g.constant('int64', [axes.length], axes)], x.dtype, shape, { attributes: { keepdims: int(0) } });
}

/**
 * x with a row of zeros along `axis` where it has none, else x as it is, to the bit. The CUDA provider of onnxruntime refuses to reduce an axis without elements,
 * whether it is kept or not: https://github.com/microsoft/onnxruntime/issues/26041
 */
function neverEmpty(g: GraphBuilder, x: Value, axis: number): Value {
  const zero = g.constant('int64', [1], [0]);
  const lacking = g.node('Max', [sub(g, g.constant('int64', [1], [1]), sizeOf(g, x, axis)), zero], 'int64', [1]);
  const shape = x.shape.map((dim, at) => (at === axis ? `${dim}|1` : dim));
  return g.node('Pad', [x, concat(g, [zero, lacking], 0), null, g.constant('int64', [1], [axis])], x.dtype, shape);
}

function reduceLast(g: GraphBuilder, op: 'ReduceSum' | 'ReduceMax', x: Value): Value {
  const axes = g.constant('int64', [1], [-1]);
  return g.node(op, [x, axes], x.dtype, x.shape.slice(0, -1), { attributes: { keepdims: int(0) } });
}

/** a >= b, element by element. */
export function greaterOrEqual(g: GraphBuilder, a: Value, b: Value): Value {
  return g.node('GreaterOrEqual', [a, b], 'bool', broadcast('greaterOrEqual', a, b));
}

/** `x` seen with another shape. `target` is a constant, or an int64 value where dimensions are only known at run time. */
export function reshape(g: GraphBuilder, x: Value, shape: readonly Dim[], target: readonly number[] | Value): Value {
  const spec = Array.isArray(target) ? g.constant('int64', [target.length], target) : (target as Value);
  return g.node('Reshape', [x, spec], x.dtype, shape);
}

export function transpose(g: GraphBuilder, x: Value, permutation: readonly number[]): Value {
  return g.node('Transpose', [x], x.dtype, permutation.map((axis) => x.shape[axis]!), { attributes: { perm: ints(permutation) } });
}

/** The size of one axis of x as int64 [1]. */
export function sizeOf(g: GraphBuilder, x: Value, axis: number): Value {
  return g.node('Shape', [x], 'int64', [1], { attributes: { start: int(axis), end: int(axis + 1) } });
}

/** The sizes of x as int64[rank]. */
export function shapeOf(g: GraphBuilder, x: Value): Value {
  return g.node('Shape', [x], 'int64', [x.shape.length]);
}

export function concat(g: GraphBuilder, values: readonly Value[], axis: number): Value {
  const first = values[0]!;
  const sizes = values.map((value) => value.shape[axis]!);
  const total: Dim = sizes.every((size) => typeof size === 'number') ? sizes.reduce((sum, size) => sum + size, 0) : sizes.join('+');
  return g.node('Concat', values, first.dtype, first.shape.map((dim, at) => (at === axis ? total : dim)), { attributes: { axis: int(axis) } });
}

/** x cut along `axis` into parts of the given sizes. */
export function split(g: GraphBuilder, x: Value, axis: number, sizes: readonly number[]): readonly Value[] {
  if (sizes.reduce((sum, size) => sum + size, 0) !== x.shape[axis]) refuse('split', `sizes ${sizes.join('+')} do not add up to axis ${axis}`, x);
  const outputs = sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.map((dim, at) => (at === axis ? size : dim)) }));
  return g.nodes('Split', [x, g.constant('int64', [sizes.length], sizes)], outputs, { attributes: { axis: int(axis) } });
}

/** x cut along `axis` into parts whose sizes are only known when the graph runs: int64 [parts], which add up to the axis; they are then called `names`. */
export function splitInto(g: GraphBuilder, x: Value, axis: number, sizes: Value, names: readonly Dim[]): readonly Value[] {
  const outputs = names.map((size) => ({ dtype: x.dtype, shape: x.shape.map((dim, at) => (at === axis ? size : dim)) }));
  return g.nodes('Split', [x, sizes], outputs, { attributes: { axis: int(axis) } });
}

/** x from `start` to before `end` (int64 [1] each) along `axis`, whose size is then called `length`. */
export function slice(g: GraphBuilder, x: Value, axis: number, start: Value, end: Value, length: Dim): Value {
  const shape = x.shape.map((dim, at) => (at === axis ? length : dim));
  return g.node('Slice', [x, start, end, g.constant('int64', [1], [axis])], x.dtype, shape);
}

/** 0, 1, ... n - 1 of the integer scalar's own type, as a vector whose length is called `length`. */
export function range(g: GraphBuilder, n: Value, length: Dim): Value {
  const dtype = n.dtype as 'int32' | 'int64';
  return g.node('Range', [g.constant(dtype, [], [0]), n, g.constant(dtype, [], [1])], dtype, [length]);
}

/** Root-mean-square norm of each row of x [R, D], times weight [D]. https://arxiv.org/abs/1910.07467 */
export function rmsNorm(g: GraphBuilder, x: Value, weight: Value, epsilon: number): Value {
  if (!sameShape(weight.shape, [x.shape.at(-1)!])) refuse('rmsNorm', 'weight must match the last axis', x, weight);
  const attributes = { axis: int(-1), epsilon: float(epsilon), stash_type: int(1) };
  return g.node('SimplifiedLayerNormalization', [x, weight], x.dtype, x.shape, { attributes });
}

/** Mean and variance norm of each row of x [R, D], times weight [D], plus bias [D]. https://arxiv.org/abs/1607.06450 */
export function layerNorm(g: GraphBuilder, x: Value, weight: Value, bias: Value, epsilon: number): Value {
  if (!sameShape(weight.shape, [x.shape.at(-1)!]) || !sameShape(bias.shape, weight.shape)) refuse('layerNorm', 'weight and bias must match the last axis', x, weight, bias);
  return g.node('LayerNormalization', [x, weight, bias], x.dtype, x.shape, { attributes: { axis: int(-1), epsilon: float(epsilon) } });
}

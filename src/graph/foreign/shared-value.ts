import type { NodeProto, TensorProto } from 'onnx-buf';
import type { Value } from '../ir.js';
import { elementType } from './element-type.js';
import { attribute, constantTensor, intAttribute, isStandard, type GraphIndex } from './graph-index.js';

/** A value with sizes for dimensions. */
export interface SharedValue extends Value {
  readonly shape: readonly number[];
}

/**
 * The value called `name` if it is visibly the same for all rows: made from constants, or one number for a whole tensor. Such a value can stay
 * where it is while the rows that meet it move into the loss head. null where that, its element type or its shape cannot be told.
 */
export function sharedValue(index: GraphIndex, name: string): SharedValue | null {
  const tensor = index.initializer(name) ?? constantTensor(index.producer(name));
  if (tensor !== undefined) return tensorValue(name, tensor);
  const node = index.producer(name);
  if (node === undefined || !isStandard(node.domain)) return null;
  const input = (at: number): SharedValue | null => sharedValue(index, node.input[at] ?? '');
  const first = (): SharedValue | null => input(0);

  switch (node.opType) {
    case 'Constant': return constantValue(name, node);
    case 'Identity': return renamed(first(), name);
    case 'Cast': return typed(first(), name, intAttribute(node, 'to', 0));
    case 'Transpose': return transposed(first(), name, node);
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div': return broadcast(first(), input(1), name);
    case 'DequantizeLinear': return dequantized(index, node, input(1), name);
    case 'DynamicQuantizeLinear': // outputs: the quantized tensor, its scale, its zero point
      if (name === node.output[1]) return { name, dtype: 'float32', shape: [] };
      return name === node.output[2] ? { name, dtype: 'uint8', shape: [] } : null;
    default: return null;
  }
}

function tensorValue(name: string, tensor: TensorProto): SharedValue | null {
  const dtype = elementType(tensor.dataType);
  return dtype === undefined ? null : { name, dtype, shape: tensor.dims.map(Number) };
}

/** A Constant whose attribute is a number or a list of numbers. */
function constantValue(name: string, node: NodeProto): SharedValue | null {
  const list = attribute(node, 'value_floats')?.floats ?? attribute(node, 'value_ints')?.ints;
  const isFloat = attribute(node, 'value_float') ?? attribute(node, 'value_floats');
  const isInt = attribute(node, 'value_int') ?? attribute(node, 'value_ints');
  if (isFloat === undefined && isInt === undefined) return null;
  return { name, dtype: isFloat === undefined ? 'int64' : 'float32', shape: list === undefined ? [] : [list.length] };
}

function renamed(value: SharedValue | null, name: string): SharedValue | null {
  return value === null ? null : { ...value, name };
}

function typed(value: SharedValue | null, name: string, code: number): SharedValue | null {
  const dtype = elementType(code);
  return value === null || dtype === undefined ? null : { name, dtype, shape: value.shape };
}

function transposed(value: SharedValue | null, name: string, node: NodeProto): SharedValue | null {
  if (value === null) return null;
  const permutation = attribute(node, 'perm')?.ints.map(Number) ?? value.shape.map((_, axis) => value.shape.length - 1 - axis);
  return { ...value, name, shape: permutation.map((axis) => value.shape[axis]!) };
}

function broadcast(a: SharedValue | null, b: SharedValue | null, name: string): SharedValue | null {
  if (a === null || b === null) return null;
  const rank = Math.max(a.shape.length, b.shape.length);
  const sizeOf = (value: SharedValue, axis: number): number => value.shape[axis - rank + value.shape.length] ?? 1;
  return { name, dtype: a.dtype, shape: Array.from({ length: rank }, (_, axis) => Math.max(sizeOf(a, axis), sizeOf(b, axis))) };
}

/** Weights stored in few bits: any integer type may stand behind them, so only their shape is looked at. */
function dequantized(index: GraphIndex, node: NodeProto, scale: SharedValue | null, name: string): SharedValue | null {
  const weights = index.initializer(node.input[0] ?? '');
  return weights === undefined || scale === null ? null : { name, dtype: scale.dtype, shape: weights.dims.map(Number) };
}

/** Whether adding or multiplying the value does the same to every row: all its axes but the last have size 1. */
export function meetsEveryRowAlike({ shape }: SharedValue): boolean {
  return shape.slice(0, -1).every((size) => size === 1);
}

import type { NodeProto } from 'onnx-buf';
import type { DataType } from '../ir.js';
import { attribute, intAttribute, isStandard, type GraphIndex } from './graph-index.js';
import { meetsEveryRowAlike, sharedValue, type SharedValue } from './shared-value.js';

/** The node that turns hidden rows into logits. Its first input holds the rows, all others are the same for every row. */
export interface Projection {
  readonly node: NodeProto;
  /** Value whose last axis has `width` entries, one such vector for each position. */
  readonly hidden: string;
  readonly hiddenType: DataType;
  readonly productType: DataType;
  readonly width: number;
  readonly vocabSize: number;
  /** Inputs of the node by position; null = left out, or the hidden rows. */
  readonly shared: readonly (SharedValue | null)[];
  /** The weight stored [V, width], where the node multiplies by its transpose. */
  readonly storedTransposed: SharedValue | null;
}

type Reading = Pick<Projection, 'width' | 'vocabSize' | 'hiddenType' | 'productType'> & Partial<Pick<Projection, 'storedTransposed'>>;

type Reader = (node: NodeProto, shared: readonly (SharedValue | null)[], index: GraphIndex) => Reading | null;

/** Every operator that is a projection, and how it is read; null = not in this form. */
const READERS: Readonly<Record<string, Reader>> = {
  MatMul(node, [, weight], index) {
    const reading = matrix(weight, false);
    return reading === null ? null : { ...reading, storedTransposed: transposeSource(index, node.input[1]!) };
  },
  Gemm(node, [, weight]) {
    return intAttribute(node, 'transA', 0) === 0 ? matrix(weight, intAttribute(node, 'transB', 0) === 1) : null;
  },
  'com.microsoft.FusedMatMul'(node, [, weight]) {
    const plain = ['transA', 'transBatchA', 'transBatchB'].every((name) => intAttribute(node, name, 0) === 0);
    return plain ? matrix(weight, intAttribute(node, 'transB', 0) === 1) : null;
  },
  'com.microsoft.MatMulNBits'(node, [, , scales]) {
    if (scales == null) return null;
    const { dtype } = scales;
    return { width: intAttribute(node, 'K', 0), vocabSize: intAttribute(node, 'N', 0), hiddenType: dtype, productType: dtype };
  },
  MatMulInteger(_, [, weight, zeroPoint]) {
    const reading = matrix(weight, false);
    return reading === null ? null : { ...reading, hiddenType: zeroPoint?.dtype ?? 'uint8', productType: 'int32' };
  },
  'com.microsoft.MatMulIntegerToFloat'(_, [, weight, scale, , zeroPoint]) {
    const reading = matrix(weight, false);
    return reading === null ? null : { ...reading, hiddenType: zeroPoint?.dtype ?? 'uint8', productType: scale?.dtype ?? 'float32' };
  },
};

/** The node as a projection of hidden rows to the vocabulary; null if it is none, or one that mixes rows. */
export function readProjection(node: NodeProto, index: GraphIndex): Projection | null {
  const reader = READERS[isStandard(node.domain) ? node.opType : `${node.domain}.${node.opType}`];
  const hidden = node.input[0];
  if (reader === undefined || hidden === undefined || hidden === '') return null;
  const others = node.input.slice(1).map((name) => (name === '' ? null : sharedValue(index, name)));
  if (others.some((value, at) => value === null && node.input[at + 1] !== '')) return null;
  // What is added to the product (Gemm's C, a bias) is added to every row alike; the weight itself is a matrix.
  if (node.opType === 'Gemm' && others[1] != null && !meetsEveryRowAlike(others[1])) return null;
  const shared = [null, ...others];
  const reading = reader(node, shared, index);
  if (reading === null || reading.width === 0 || reading.vocabSize === 0) return null;
  return { storedTransposed: null, ...reading, node, hidden, shared };
}

function matrix(weight: SharedValue | null | undefined, transposed: boolean): Reading | null {
  if (weight?.shape.length !== 2) return null;
  const [rows, columns] = weight.shape as [number, number];
  return { width: transposed ? columns : rows, vocabSize: transposed ? rows : columns, hiddenType: weight.dtype, productType: weight.dtype };
}

/** What `name` is the transpose of; null if it is not made by transposing a matrix. */
function transposeSource(index: GraphIndex, name: string): SharedValue | null {
  const node = index.producer(name);
  if (node?.opType !== 'Transpose' || !isStandard(node.domain)) return null;
  const permutation = attribute(node, 'perm')?.ints.map(Number) ?? [1, 0];
  return permutation[0] === 1 && permutation[1] === 0 ? sharedValue(index, node.input[0]!) : null;
}


import type { NodeProto } from 'onnx-buf';
import { isStandard, nodeTitle, type GraphIndex } from './graph-index.js';
import { readProjection, type Projection } from './projection.js';
import { meetsEveryRowAlike, sharedValue, type SharedValue } from './shared-value.js';

/** An operator between the projection and the logits that treats every row by itself. */
export interface RowStep {
  readonly node: NodeProto;
  /** Inputs by position; null = the rows. */
  readonly shared: readonly (SharedValue | null)[];
  readonly rowsAt: number;
}

/** Logits that come from hidden rows by a projection and row-wise steps. */
export interface RowsTail {
  readonly kind: 'rows';
  readonly projection: Projection;
  /** In order of execution. */
  readonly steps: readonly RowStep[];
}

/** How `logits` come about: row by row, or in a way that only the whole tensor shows. */
export type LogitsTail = RowsTail | { readonly kind: 'whole'; readonly reason: string };

/** Operators that look at one element at a time. */
const ELEMENTWISE = new Set(['Identity', 'Cast', 'Tanh', 'Neg']);
const ARITHMETIC = new Set(['Add', 'Sub', 'Mul', 'Div']);

/** Walks back from the value called `logits`, of shape (B, T, V), to the projection to the vocabulary. */
export function findTail(index: GraphIndex, logits: string): LogitsTail {
  const steps: RowStep[] = [];
  const reshaped: string[] = [];
  for (let at = logits; ; ) {
    const node = index.producer(at);
    if (node === undefined) return { kind: 'whole', reason: `nothing computes "${at}"` };
    const projection = readProjection(node, index);
    if (projection !== null) {
      const unclear = reshaped.find((value, nth) => !keepsRows(index, value, projection.vocabSize, nth === 0));
      return unclear === undefined
        ? { kind: 'rows', projection, steps: steps.reverse() }
        : { kind: 'whole', reason: `"${unclear}" is reshaped to a last axis not known to have ${projection.vocabSize} entries` };
    }
    if (isStandard(node.domain) && node.opType === 'Reshape') {
      reshaped.push(at);
      at = node.input[0]!;
      continue;
    }
    const step = readStep(node, index);
    if (step === null) return { kind: 'whole', reason: `${nodeTitle(node)} stands before the logits` };
    steps.push(step);
    at = node.input[step.rowsAt]!;
  }
}

function readStep(node: NodeProto, index: GraphIndex): RowStep | null {
  if (!isStandard(node.domain)) return null;
  if (ELEMENTWISE.has(node.opType)) return { node, shared: [null], rowsAt: 0 };
  if (!ARITHMETIC.has(node.opType)) return null;
  const shared = node.input.map((name) => sharedValue(index, name));
  const rowsAt = shared.indexOf(null);
  const other = shared[1 - rowsAt];
  return rowsAt === -1 || other == null || !meetsEveryRowAlike(other) ? null : { node, shared, rowsAt };
}

/**
 * Whether a Reshape leaves the rows and their order alone: it splits or joins leading axes and keeps the last. The Reshape nearest
 * to the logits gives them their shape (B, T, V), so that a last axis left to the runtime (-1) can only be V.
 */
function keepsRows(index: GraphIndex, value: string, vocabSize: number, nearest: boolean): boolean {
  const size = lastSize(index, value);
  return size === vocabSize || (nearest && (size === null || size === -1));
}

/** Size of the last axis of a reshaped value, as declared or as its target shape says; null where neither does. */
function lastSize(index: GraphIndex, value: string): number | null {
  const declared = index.declared(value)?.shape?.at(-1);
  if (typeof declared === 'number') return declared;
  const target = index.producer(value)!.input[1]!;
  const made = index.producer(target);
  const tail = made?.opType === 'Concat' ? made.input.at(-1)! : target;
  return index.integers(tail)?.at(-1) ?? null;
}

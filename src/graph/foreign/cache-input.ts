import { TouchstoneError } from '../../errors.js';
import type { DeclaredDim } from './graph-index.js';

/**
 * The shape of an empty past for a cache input: the batch axis is 'B', the axis of past tokens, wherever it is, has size 0, and all others are as declared.
 * @throws TouchstoneError ('usage') if it cannot be told which axis is which
 */
export function cacheShape({ name, shape }: { readonly name: string; readonly shape: readonly DeclaredDim[] }, batchName: string): (number | 'B')[] {
  const open = shape.flatMap((dim, axis) => (typeof dim === 'string' ? [axis] : []));
  const batch = batchAxis(shape, open, batchName);
  const tokens = open.filter((axis) => axis !== batch);
  const empty = tokens.length === 1 || (tokens.length === 0 && shape.includes(0));
  if (batch === undefined || !empty) {
    throw new TouchstoneError(
      'usage',
      `input ${name} must have one axis for the batch and one for the past tokens without a fixed size, found shape [${shape.map((dim) => (dim === '' ? '?' : dim)).join(', ')}]`,
      { advice: 'Export the model with dynamic axes for batch and past length, and fixed sizes for heads; or without a cache.' },
    );
  }
  return shape.map((dim, axis) => (axis === batch ? 'B' : typeof dim === 'number' ? dim : 0));
}

/**
 * The axis named like the batch axis of input_ids; else the one with "batch" in its name; else the first without a fixed size.
 * undefined where an axis is the batch times something ("batch_size x num_heads").
 */
function batchAxis(shape: readonly DeclaredDim[], open: readonly number[], batchName: string): number | undefined {
  const nameOf = (axis: number): string => String(shape[axis]);
  const same = open.find((axis) => batchName !== '' && shape[axis] === batchName);
  const named = same ?? open.find((axis) => /batch/i.test(nameOf(axis)));
  if (named === undefined) return open[0];
  return /^\w+$/.test(nameOf(named)) ? named : undefined;
}

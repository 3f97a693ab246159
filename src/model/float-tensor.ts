/** A tensor in memory, row-major. */
export interface FloatTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** As many values as the shape has elements. */
  readonly data: Float32Array<ArrayBuffer>;
}

/** A tensor's name and shape: what a graph says about a parameter. */
export interface TensorShape {
  readonly name: string;
  readonly shape: readonly number[];
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

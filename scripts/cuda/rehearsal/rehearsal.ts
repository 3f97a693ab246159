import type { PlacedOperator } from '../../../src/runtime/placement.js';
import type { ModelSpec, Precision } from '../../../src/records.js';

/** One session, and one batch that it runs RUNS times. */
export interface Rehearsal {
  readonly name: string;
  /** A checkpoint folder or an .onnx file. */
  readonly model: string;
  /** null for an .onnx file. */
  readonly spec: ModelSpec | null;
  readonly precision: Precision;
  readonly stats: { readonly entropy: boolean; readonly top1: boolean };
  readonly sequences: number;
  readonly length: number;
}

/** What the process that did it says. */
export interface Rehearsed {
  /** K and R of the head. */
  readonly headRows: readonly [chunks: number, rows: number];
  readonly outputs: readonly string[];
  readonly placed: readonly PlacedOperator[];
  /** By run, of the host. */
  readonly milliseconds: readonly number[];
}

/** The first claims memory that later ones find claimed. */
export const RUNS = 3;

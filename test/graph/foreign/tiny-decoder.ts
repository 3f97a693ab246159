import { GraphBuilder } from '../../../src/graph/builder.js';
import { encodeModel } from '../../../src/graph/encode.js';
import type { DataType, Dim, Value } from '../../../src/graph/ir.js';
import { gatherRows } from '../../../src/graph/ops.js';

export const WIDTH = 4;
export const VOCAB = 7;

export interface TinyParts {
  readonly g: GraphBuilder;
  /** (B, S) */
  readonly ids: Value;
  /** float32 [B, S, WIDTH]: a row of `EMBEDDING` for each id. */
  readonly hidden: Value;
  /** float32 [WIDTH, VOCAB]: `HEAD`. */
  readonly head: Value;
}

const table = (rows: number, columns: number, scale: number): number[][] =>
  Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (_, column) => Math.fround(scale * Math.sin(1 + row * columns + column))));

export const EMBEDDING = table(VOCAB, WIDTH, 1);
export const HEAD = table(WIDTH, VOCAB, 2);

/** A model without attention: what `finish` adds to an embedding, and makes an output of, is all there is. */
export function tinyDecoder(
  finish: (parts: TinyParts) => void,
  { idsShape = ['batch', 'seq'], idsType = 'int64' }: { readonly idsShape?: readonly Dim[]; readonly idsType?: DataType } = {},
): Uint8Array<ArrayBuffer> {
  const g = new GraphBuilder('tiny');
  const ids = g.input('input_ids', idsType, idsShape);
  const hidden = gatherRows(g, g.table(Float32Array.from(EMBEDDING.flat()), [VOCAB, WIDTH]), ids);
  const head = g.table(Float32Array.from(HEAD.flat()), [WIDTH, VOCAB]);
  finish({ g, ids, hidden, head });
  return encodeModel(g.build());
}

/** hidden [B, S, WIDTH] times the head: [B, S, VOCAB]. */
export function projected({ g, hidden, head }: TinyParts, rows: Value = hidden): Value {
  return g.node('MatMul', [rows, head], 'float32', ['batch', 'seq', VOCAB]);
}

/** The logits after one id, in float64. `shift` is added to every entry of the hidden row. */
export function logitsAfter(id: number, shift = 0): number[] {
  return HEAD[0]!.map((_, column) => EMBEDDING[id]!.reduce((sum, value, at) => sum + (value + shift) * HEAD[at]![column]!, 0));
}

export function lossOf(logits: readonly number[], target: number): number {
  const largest = Math.max(...logits);
  return largest + Math.log(logits.reduce((sum, value) => sum + Math.exp(value - largest), 0)) - logits[target]!;
}

/** The losses of every token but the first of each sequence, where `logits` gives those at a position. */
export function lossesOf(
  sequences: readonly (readonly number[])[],
  logits: (id: number, position: number, sequence: number) => readonly number[] = (id) => logitsAfter(id),
): number[] {
  return sequences.flatMap((ids, sequence) => ids.slice(1).map((target, position) => lossOf(logits(ids[position]!, position, sequence), target)));
}


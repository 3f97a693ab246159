import { TouchstoneError } from '../errors.js';
import type { SelectionRule, SelectionScore } from './options.js';

/** The tokens of one step, N of them, sequence after sequence. Every array is target-indexed: entry i is about token i. */
export interface SelectionTokens {
  /** (B + 1) Sequence b holds the tokens [sequenceOffsets[b], sequenceOffsets[b + 1]); starts at 0, ends at N. */
  readonly sequenceOffsets: Int32Array;
  /** Optimizer steps done before this one. */
  readonly step: number;
  /** (N) Nats. Needed by `excess`; with it, the means of the excess loss are reported for any score. */
  readonly liveLoss?: Float32Array;
  /** (N) Nats; NaN = not scored. Needed by every score but `random` and `all`; where given, it decides for these too who is a candidate. */
  readonly referenceLoss?: Float32Array;
  /** (N) Nats, of the reference model's prediction. Needed by `entropy` and `intersection`. */
  readonly entropy?: Float32Array;
  /** (N) From randomScores. Needed by `random`. */
  readonly random?: Float32Array;
  /** (N) 0 = padding, or a token that has no target; absent = none of them. */
  readonly eligible?: Uint8Array;
}

export type TokenColumn = 'liveLoss' | 'referenceLoss' | 'entropy' | 'random';

/** The offsets of `sequences` sequences of `length` tokens each: a batch of shape (B, T). */
export function evenOffsets(sequences: number, length: number): Int32Array<ArrayBuffer> {
  return Int32Array.from({ length: sequences + 1 }, (_, sequence) => sequence * length);
}

/** N. Throws where the offsets do not ascend from 0, or an array does not hold N entries. */
export function countTokens(tokens: SelectionTokens): number {
  const { sequenceOffsets: offsets } = tokens;
  for (let sequence = 0; sequence < offsets.length; sequence++) {
    const least = sequence === 0 ? 0 : offsets[sequence - 1]!;
    if (offsets[sequence]! >= least && (sequence > 0 || offsets[0] === 0)) continue;
    throw new TouchstoneError('internal', `sequenceOffsets must ascend from 0, got ${offsets[sequence]!} at ${sequence}`);
  }
  const count = offsets.at(-1);
  if (count === undefined) throw new TouchstoneError('internal', 'sequenceOffsets must hold at least the 0 it starts with, got no entry');
  for (const name of ['liveLoss', 'referenceLoss', 'entropy', 'random', 'eligible'] as const) {
    const found: number = tokens[name]?.length ?? count;
    if (found !== count) throw new TouchstoneError('internal', `${name} must hold one entry for each of ${count} tokens, got ${found}`);
  }
  return count;
}

const NEEDS: Readonly<Record<SelectionScore, readonly TokenColumn[]>> = {
  excess: ['liveLoss', 'referenceLoss'],
  reference: ['referenceLoss'],
  entropy: ['referenceLoss', 'entropy'],
  intersection: ['referenceLoss', 'entropy'],
  random: ['random'],
  all: [],
};

/** Throws a usage error where the tokens lack a column that the rule reads. */
export function checkColumns(tokens: SelectionTokens, { score, referenceLossCap }: SelectionRule): void {
  for (const column of NEEDS[score]) requireColumn(tokens, column, `score ${score}`);
  if (referenceLossCap !== null) requireColumn(tokens, 'referenceLoss', 'referenceLossCap');
}

function requireColumn(tokens: SelectionTokens, column: TokenColumn, reader: string): void {
  if (tokens[column] !== undefined) return;
  throw new TouchstoneError('usage', `selection.${reader} needs ${column} for every token, got none`, {
    advice: column === 'entropy' ? 'Score the corpus with output.stats entropy.' : 'Choose a selection that can do without it.',
  });
}

/** The error for a number that must be finite and is not, with its step, sequence and position. */
export function notFinite(what: string, value: number, at: number, { sequenceOffsets, step }: SelectionTokens): TouchstoneError {
  const sequence = sequenceOffsets.findLastIndex((offset) => offset <= at);
  const position = at - sequenceOffsets[sequence]!;
  return new TouchstoneError('data', `the ${what} at step ${step}, sequence ${sequence}, position ${position} must be finite, got ${value}`);
}

import { intersectScores } from './intersection.js';
import type { SelectionRule } from './options.js';
import { notFinite, type SelectionTokens, type TokenColumn } from './tokens.js';

/** Flat ranges [start, end) of the tokens that compete with each other: the batch, or each sequence. */
export function* competitions({ sequenceOffsets }: SelectionTokens, { scope }: SelectionRule): Generator<readonly [number, number]> {
  if (scope === 'batch') yield [0, sequenceOffsets.at(-1)!];
  else for (let b = 0; b + 1 < sequenceOffsets.length; b++) yield [sequenceOffsets[b]!, sequenceOffsets[b + 1]!];
}

/**
 * How much each token is worth: float32 (N), higher = kept first; finite for candidates, -Infinity for every other token. Numbers of
 * which the low ones are kept come as 0 - x. Takes the columns that the rule reads for granted (see checkColumns). Throws a `data` error
 * for a candidate's number that is not finite.
 */
export function scoreTokens(tokens: SelectionTokens, isCandidate: Uint8Array, rule: SelectionRule): Float32Array<ArrayBuffer> {
  const scores = (what: string, valueOf: (i: number) => number): Float32Array<ArrayBuffer> => {
    const score = new Float32Array(isCandidate.length).fill(-Infinity);
    for (let i = 0; i < score.length; i++) {
      if (isCandidate[i] === 0) continue;
      score[i] = valueOf(i);
      if (!Number.isFinite(score[i]!)) throw notFinite(what, valueOf(i), i, tokens);
    }
    return score;
  };
  const negated = (name: TokenColumn): Float32Array<ArrayBuffer> => {
    const values = tokens[name]!;
    return scores(`${name} (negated)`, (i) => 0 - values[i]!);
  };

  switch (rule.score) {
    case 'excess': {
      // The difference of two float32 taken in a double and rounded once by the array is the float32 subtraction, bit for bit:
      // 53 bits are more than twice 24 plus 2 (Figueroa, "When is double rounding innocuous?", 1995).
      const [live, reference] = [tokens.liveLoss!, tokens.referenceLoss!];
      return scores('excess loss', (i) => live[i]! - reference[i]!);
    }
    case 'reference':
      return negated('referenceLoss');
    case 'entropy':
      return negated('entropy');
    case 'intersection': {
      const [byLoss, byEntropy] = [negated('referenceLoss'), negated('entropy')];
      for (const [start, end] of competitions(tokens, rule)) intersectScores(byLoss, byEntropy, start, end);
      return byLoss;
    }
    case 'random': {
      const random = tokens.random!;
      return scores('random number', (i) => random[i]!);
    }
    case 'all':
      return scores('score', () => 0);
  }
}

import { LOWEST_SCORE } from '../graph/layers/token-selection.js';
import type { Tensors } from '../runtime/protocol.js';
import { findCandidates } from '../selection/candidates.js';
import { keepCount } from '../selection/keep-count.js';
import type { SelectionRule } from '../selection/options.js';
import { competitions, scoreTokens } from '../selection/scores.js';
import { checkColumns, countTokens, type SelectionTokens } from '../selection/tokens.js';

/** What the training graph needs to know to make the selection of `selectTokens`, and what is known before the step. */
export interface SelectionPlan {
  readonly feeds: Tensors;
  /** Tokens with a reference loss, and those of them that may be kept. */
  readonly scored: number;
  readonly candidates: number;
}

/**
 * The selection of a micro-batch as inputs of the training graph: scores are live loss * live_weight + offsets, which is
 * live - reference with weights of 1 and offsets of -reference, and the score itself with a weight of 0. Groups are the competitions of
 * the rule, so sequence scope needs sequences of one length. The same set as `selectTokens`, which states the rule; a `reweight` is the graph's own.
 */
export function planSelection(tokens: SelectionTokens, rule: SelectionRule): SelectionPlan {
  const count = countTokens(tokens);
  // The live losses of an excess are the graph's to compute; all other columns must be here.
  checkColumns({ liveLoss: new Float32Array(0), ...tokens }, rule);
  const { isCandidate, scored, candidates } = findCandidates(tokens, count, rule);
  const excess = rule.score === 'excess';
  const offsets = excess ? excessOffsets(tokens.referenceLoss!, isCandidate) : scoreTokens(tokens, isCandidate, rule);
  const everything = rule.score === 'all' || tokens.step < rule.warmupSteps;
  const groups = [...competitions(tokens, rule)];
  const keep = groups.map(([start, end]) => {
    let inGroup = 0;
    for (let i = start; i < end; i++) inGroup += isCandidate[i]!;
    return everything || rule.threshold !== null ? inGroup : keepCount(inGroup, rule.keepFraction!);
  });
  const lowIsKept = rule.score === 'reference' || rule.score === 'entropy';
  const threshold = everything || rule.threshold === null ? LOWEST_SCORE : lowIsKept ? -rule.threshold : rule.threshold;
  return {
    scored,
    candidates,
    feeds: {
      offsets: { dtype: 'float32', dims: [groups.length, count / groups.length], data: offsets },
      live_weight: { dtype: 'float32', dims: [], data: Float32Array.of(excess ? 1 : 0) },
      threshold: { dtype: 'float32', dims: [], data: Float32Array.of(threshold) },
      keep: { dtype: 'int64', dims: [groups.length], data: BigInt64Array.from(keep, BigInt) },
    },
  };
}

function excessOffsets(referenceLoss: Float32Array, isCandidate: Uint8Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(isCandidate, (candidate, at) => (candidate === 1 ? -referenceLoss[at]! : -Infinity));
}

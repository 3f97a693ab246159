import { TouchstoneError } from '../errors.js';
import { findCandidates } from './candidates.js';
import { keepCount } from './keep-count.js';
import { keepAtLeast, keepLargest } from './keep-largest.js';
import { resolveSelection, type SelectionOptions, type SelectionRule } from './options.js';
import { competitions, scoreTokens } from './scores.js';
import { checkColumns, countTokens, type SelectionTokens } from './tokens.js';

export interface Selection {
  /** (N) 1 = kept. */
  readonly mask: Uint8Array;
  /** float32 (N) in [0, 1], only with `reweight`: 1 for kept tokens, 0 for what is no candidate. */
  readonly weights?: Float32Array;
  /** Tokens that are eligible and scored by the reference model. */
  readonly scored: number;
  /** Scored tokens that are not above the cap. */
  readonly candidates: number;
  readonly kept: number;
  /** What the sum of the (weighted) losses of the kept tokens is divided by. 0 = there is nothing to train on: skip the step. */
  readonly denominator: number;
  /** Mean excess loss in nats of the kept candidates; NaN where there is none, or no live or reference loss. */
  readonly meanExcessKept: number;
  /** The same of the candidates that were not kept. */
  readonly meanExcessDropped: number;
}

/** Where the result is written, each (N); what is absent is allocated. */
export interface SelectionBuffers {
  readonly mask?: Uint8Array;
  readonly weights?: Float32Array;
}

/**
 * Decides which tokens of a step are trained on. Deterministic, linear in N; nothing of the input is changed.
 *
 * The rule, in float32 throughout:
 * 1. Scored is a token that is eligible and whose reference loss is not NaN; a candidate is a scored token whose reference loss is not
 *    above referenceLossCap.
 * 2. The score of a candidate is excess = live - reference (one float32 subtraction), 0 - reference, 0 - entropy, the random number,
 *    or the score of the intersection; that of any other token is -Infinity.
 * 3. Kept are the n candidates of the largest score, n = keepCount(candidates, keepFraction), over the batch or over each sequence. Of
 *    equal scores (-0 equals +0) the lower position wins, so exactly n are kept. In warm-up n is the number of candidates; with a
 *    threshold kept is every candidate whose score is at least that.
 *
 * The same set from an ONNX graph: TopK (opset 11+, largest = 1, sorted = 1) puts the lower index first among equals. Only the live loss
 * changes while training: write +Infinity where the reference loss of what is no candidate stands and Sub(live, reference) is -Infinity
 * there; the live loss must be finite. For `batch`, flatten to (N) and take TopK with n as input k. For `sequence`, take TopK over the
 * last axis of (B, T) with the largest n of the batch as k, and in row b use the first n[b] indices alone. The n follow from the reference
 * losses before the step, in integers (see keepCount). Scores other than `excess` do not depend on the live model: pass the score
 * array in, or the mask. In PyTorch, torch.sort(score, descending=True, stable=True); torch.topk promises no order among equals.
 *
 * Weights (`reweight`): exp(min(0, (score - lowest) / temperature)) with the lowest kept score, or the threshold, of the same
 * competition; computed in float64 and rounded, so another engine's exp may differ in the last bit.
 *
 * Errors: `usage` for options that do not hold (see resolveSelection) and for a missing column; `data` for a live loss, reference loss or
 * entropy that is not finite where it is needed, with its step, sequence and position; `internal` for arrays of the wrong length.
 */
export function selectTokens(tokens: SelectionTokens, options: SelectionOptions, buffers: SelectionBuffers = {}): Selection {
  const rule = resolveSelection(options);
  const { temperature } = rule;
  const count = countTokens(tokens);
  checkColumns(tokens, rule);
  const { isCandidate, scored, candidates } = findCandidates(tokens, count, rule);
  const score = scoreTokens(tokens, isCandidate, rule);
  const mask = ofLength(count, 'mask', buffers.mask ?? new Uint8Array(count));
  const weights = temperature === null ? undefined : ofLength(count, 'weights', buffers.weights ?? new Float32Array(count));

  for (const [start, end] of competitions(tokens, rule)) {
    const lowest = keepTokens(score, start, end, rule, tokens.step, mask);
    if (weights !== undefined) for (let i = start; i < end; i++) weights[i] = Math.exp(Math.min(0, (score[i]! - lowest) / temperature!));
  }

  const kept = sum(mask);
  const selected = weights === undefined ? kept : sum(weights);
  return {
    mask,
    ...(weights !== undefined && { weights }),
    scored,
    candidates,
    kept,
    denominator: rule.denominator === 'all' ? scored : selected,
    ...excessMeans(tokens, isCandidate, mask),
  };
}

/** Writes the mask of one competition; returns the lowest kept score, or the score that a token had to reach. */
function keepTokens(score: Float32Array, start: number, end: number, rule: SelectionRule, step: number, mask: Uint8Array): number {
  if (rule.score === 'all' || step < rule.warmupSteps) return keepAtLeast(score, start, end, -Number.MAX_VALUE, mask);
  if (rule.threshold !== null) {
    const lowIsKept = rule.score === 'reference' || rule.score === 'entropy';
    return keepAtLeast(score, start, end, lowIsKept ? -rule.threshold : rule.threshold, mask);
  }
  let candidates = 0;
  for (let i = start; i < end; i++) if (score[i]! > -Infinity) candidates++;
  return keepLargest(score, start, end, keepCount(candidates, rule.keepFraction!), mask);
}

function sum(values: Uint8Array | Float32Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}

/** Means of the float32 excess, added up in float64 from the first token to the last. */
function excessMeans(
  { liveLoss, referenceLoss }: SelectionTokens,
  isCandidate: Uint8Array,
  mask: Uint8Array,
): { readonly meanExcessKept: number; readonly meanExcessDropped: number } {
  if (liveLoss === undefined || referenceLoss === undefined) return { meanExcessKept: NaN, meanExcessDropped: NaN };
  const sums = [0, 0];
  const counts = [0, 0];
  for (let i = 0; i < mask.length; i++) {
    if (isCandidate[i] === 0) continue;
    const side = mask[i]!;
    sums[side]! += Math.fround(liveLoss[i]! - referenceLoss[i]!);
    counts[side]!++;
  }
  return { meanExcessKept: sums[1]! / counts[1]!, meanExcessDropped: sums[0]! / counts[0]! };
}

function ofLength<T extends Uint8Array | Float32Array>(count: number, name: string, buffer: T): T {
  if (buffer.length === count) return buffer;
  throw new TouchstoneError('internal', `the ${name} buffer must hold one entry for each of ${count} tokens, got ${buffer.length}`);
}

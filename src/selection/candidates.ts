import type { SelectionRule } from './options.js';
import { notFinite, type SelectionTokens } from './tokens.js';

export interface Candidates {
  /** (N) 1 = a candidate. */
  readonly isCandidate: Uint8Array;
  /** Tokens that are eligible and whose reference loss is not NaN (where these are given). */
  readonly scored: number;
  /** Scored tokens whose reference loss is not above the cap. */
  readonly candidates: number;
}

/**
 * Who may be selected, of `count` tokens. Errors: `data` for a reference loss or a live loss of a scored token that is not finite. What
 * stands at tokens that are not scored is never looked at.
 */
export function findCandidates(tokens: SelectionTokens, count: number, { referenceLossCap }: SelectionRule): Candidates {
  const { eligible, liveLoss, referenceLoss } = tokens;
  const isCandidate = new Uint8Array(count);
  let scored = 0;
  let candidates = 0;
  for (let i = 0; i < count; i++) {
    const reference = referenceLoss === undefined ? 0 : referenceLoss[i]!;
    if (eligible?.[i] === 0 || Number.isNaN(reference)) continue;
    scored++;
    if (!Number.isFinite(reference)) throw notFinite('reference loss', reference, i, tokens);
    if (liveLoss !== undefined && !Number.isFinite(liveLoss[i]!)) throw notFinite('live loss', liveLoss[i]!, i, tokens);
    if (reference > (referenceLossCap ?? Infinity)) continue;
    candidates++;
    isCandidate[i] = 1;
  }
  return { isCandidate, scored, candidates };
}

import { findCandidates } from '../selection/candidates.js';
import { bitsOf, orderKey } from '../selection/float-order.js';
import { keepCount } from '../selection/keep-count.js';
import type { SelectionRule } from '../selection/options.js';
import { scoreTokens } from '../selection/scores.js';
import type { SelectionTokens } from '../selection/tokens.js';

/** Where a selection over a whole corpus ends: kept is every score above the edge, and of those equal to it the first `ties` in the order of the corpus. */
export interface CorpusEdge {
  /** orderKey of the lowest kept score; above every key where nothing is kept. */
  readonly key: number;
  readonly ties: number;
  readonly candidates: number;
  readonly kept: number;
}

const HALF = 0x10000;
/** Above the order key of every float32. */
const NO_KEY = 2 ** 32;

/**
 * The edge of the keepCount(candidates, keepFraction) largest scores of a corpus, exact, in two passes over its groups: the first counts scores by the upper half of their
 * order key, the second those of one upper half by the lower. Memory: 1 MiB, whatever the corpus.
 */
export async function findCorpusEdge(groups: () => AsyncIterable<SelectionTokens>, rule: SelectionRule): Promise<CorpusEdge> {
  const upper = new Float64Array(HALF);
  let candidates = 0;
  await forEachKey(groups, rule, (key) => {
    upper[key >>> 16]!++;
    candidates++;
  });
  const kept = keepCount(candidates, rule.keepFraction!);
  if (kept === 0) return { key: NO_KEY, ties: 0, candidates, kept };
  const bucket = lastFromAbove(upper, kept);

  const lower = new Float64Array(HALF);
  await forEachKey(groups, rule, (key) => {
    if (key >>> 16 === bucket.index) lower[key & 0xffff]!++;
  });
  const edge = lastFromAbove(lower, bucket.wanted);
  return { key: bucket.index * HALF + edge.index, ties: edge.wanted, candidates, kept };
}

/** Writes the mask of a group, and returns how many of the ties it took. */
export function maskByEdge(tokens: SelectionTokens, rule: SelectionRule, { key: edge }: CorpusEdge, tiesLeft: number, mask: Uint8Array): number {
  const { isCandidate } = findCandidates(tokens, mask.length, rule);
  const bits = bitsOf(scoreTokens(tokens, isCandidate, rule));
  let taken = 0;
  for (let i = 0; i < mask.length; i++) {
    const key = isCandidate[i] === 1 ? orderKey(bits[i]!) : -1;
    const tie = key === edge && taken < tiesLeft;
    mask[i] = key > edge || tie ? 1 : 0;
    if (tie) taken++;
  }
  return taken;
}

async function forEachKey(groups: () => AsyncIterable<SelectionTokens>, rule: SelectionRule, visit: (key: number) => void): Promise<void> {
  for await (const tokens of groups()) {
    const { isCandidate } = findCandidates(tokens, tokens.sequenceOffsets.at(-1)!, rule);
    const bits = bitsOf(scoreTokens(tokens, isCandidate, rule));
    for (let i = 0; i < bits.length; i++) if (isCandidate[i] === 1) visit(orderKey(bits[i]!));
  }
}

/** The entry in which the `wanted`-th is found when counting from the last one down, and how many of that entry are wanted. */
function lastFromAbove(counts: Float64Array, wanted: number): { readonly index: number; readonly wanted: number } {
  let index = counts.length - 1;
  while (counts[index]! < wanted) wanted -= counts[index--]!;
  return { index, wanted };
}

/** Occurrences that a token's share of the whole text counts in its share after one particular token. */
const PRIOR = 4;
/** Occurrences that are added to those of every token. */
const UNSEEN = 0.5;

/** Losses in nats of two models that need no training, one array a row: entry t is about tokenIds[t]. */
export interface CountedLosses {
  /** By how often the token occurs. */
  readonly byFrequency: readonly Float32Array[];
  /** By how often it follows the token before it; of a row's first token by its frequency. */
  readonly byPair: readonly Float32Array[];
}

/**
 * Which tokens come as a surprise, from nothing but counts over these very rows, the occurrence in question left out: what a model from scratch has yet
 * to learn can be heard in them at once. Memory: about 100 bytes for each different pair of neighbours.
 */
export function countedLosses(rows: readonly Int32Array[]): CountedLosses {
  const singles = new Map<number, number>();
  const firsts = new Map<number, number>();
  const pairs = new Map<number, number>();
  let total = 0;
  for (const ids of rows) {
    total += ids.length;
    for (let t = 0; t < ids.length; t++) {
      increment(singles, ids[t]!);
      if (t === 0) continue;
      increment(firsts, ids[t - 1]!);
      increment(pairs, pairOf(ids[t - 1]!, ids[t]!));
    }
  }
  const share = (id: number): number => (singles.get(id)! - 1 + UNSEEN) / (total - 1 + UNSEEN * singles.size);
  const shareAfter = (before: number, id: number): number => (pairs.get(pairOf(before, id))! - 1 + PRIOR * share(id)) / (firsts.get(before)! - 1 + PRIOR);
  return {
    byFrequency: rows.map((ids) => Float32Array.from(ids, (id) => -Math.log(share(id)))),
    byPair: rows.map((ids) => Float32Array.from(ids, (id, t) => -Math.log(t === 0 ? share(id) : shareAfter(ids[t - 1]!, id)))),
  };
}

/** One number for two ids below 2^26. */
function pairOf(before: number, id: number): number {
  return before * 2 ** 26 + id;
}

function increment(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

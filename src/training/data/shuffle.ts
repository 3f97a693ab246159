import { createRandom } from '../../math/random.js';

/**
 * The row groups of an epoch, in the order they are read, cut into windows: every number from 0 to tokens.length - 1 exactly once. With a seed the
 * groups of all shards are drawn as one deck, anew for each epoch; with null they keep their order. A window ends before the group that would
 * take it over `windowTokens`, so it has no more than that unless one group alone has.
 *
 * @param tokens of each row group of the set, by shard and place in it
 */
export function shuffledGroups(tokens: readonly number[], windowTokens: number, seed: string | null, epoch: number): readonly (readonly number[])[] {
  const inOrder = [...tokens.keys()];
  const deck = seed === null ? inOrder : createRandom(`${seed}/epoch/${epoch}/groups`).shuffled(inOrder);
  const windows: number[][] = [];
  let room = -1;
  for (const group of deck) {
    room -= tokens[group]!;
    if (room < 0) {
      windows.push([]);
      room = windowTokens - tokens[group]!;
    }
    windows.at(-1)!.push(group);
  }
  return windows;
}

/** The order in which the `rows` rows of a window are taken: a permutation of 0 to rows - 1 that depends on the arguments alone. */
export function shuffledRows(rows: number, seed: string | null, epoch: number, window: number): Int32Array<ArrayBuffer> {
  const order = Int32Array.from({ length: rows }, (_, row) => row);
  if (seed === null) return order;
  const random = createRandom(`${seed}/epoch/${epoch}/window/${window}`);
  for (let last = rows - 1; last > 0; last--) {
    const other = random.below(last + 1);
    const row = order[last]!;
    order[last] = order[other]!;
    order[other] = row;
  }
  return order;
}

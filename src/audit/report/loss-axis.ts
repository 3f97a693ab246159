/** The one horizontal axis of all pictures of losses: logarithmic, from 2^-10 to 64 nats, so that a glance from one to the next compares them. */

const LOWEST = 2 ** -10;
const HIGHEST = 64;
const OCTAVES = Math.log2(HIGHEST / LOWEST);

/** Round losses that get a tick and a label. */
export const LOSS_TICKS: readonly number[] = [0.01, 0.1, 1, 10];

/** Between them: a tick without a label. */
export const MINOR_LOSS_TICKS: readonly number[] = [0.001, 0.01, 0.1, 1, 10].flatMap((power) => [2, 3, 4, 5, 6, 7, 8, 9].map((digit) => digit * power)).filter((value) => value <= HIGHEST);

/** Place of a loss on an axis from pixel `left` to `right`; what is beyond an end stands at it. */
export function placeOfLoss(nats: number, left: number, right: number): number {
  const inside = Math.min(HIGHEST, Math.max(LOWEST, nats));
  return left + ((right - left) * Math.log2(inside / LOWEST)) / OCTAVES;
}

/** A bin of the histogram: where it stands, and its height. */
export interface LossBin {
  /** Nats. The first bin holds everything below its end, the last everything from its beginning on; each is drawn to the end of the axis. */
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** 0 to 1, of all that is counted. */
  readonly share: number;
  /** Share for each doubling of the loss: areas are shares, though bins differ in width. */
  readonly density: number;
}

/** The bins between the edges of the format as the axis shows them; all densities are 0 where nothing is counted. */
export function lossBins(edges: readonly number[], counts: readonly number[]): readonly LossBin[] {
  const all = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count, at) => {
    const from = at === 0 ? LOWEST : edges[at - 1]!;
    const to = edges[at] ?? HIGHEST;
    const share = all === 0 ? 0 : count / all;
    return { from, to, count, share, density: share / Math.log2(to / from) };
  });
}

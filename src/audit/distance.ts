import { CELLS_PER_NAT, type LossCells } from './loss-cells.js';
import { LEAST_DRIFT_TOKENS, type Distance, type DistanceSide, type DriftLevel, type DriftLimits } from './report-data/drift.js';

/** One side of a comparison. */
export interface CountedSide {
  readonly cells: LossCells;
  readonly stats: DistanceSide;
}

/** How far two distributions of losses are apart, and whether that is much. */
export function distanceBetween(earlier: CountedSide, now: CountedSide, limits: DriftLimits): Distance {
  const comparable = earlier.stats.scored > 0 && now.stats.scored > 0;
  const psi = comparable ? stabilityIndex(earlier.stats.bins, now.stats.bins) : null;
  const wasserstein = comparable ? wassersteinDistance(earlier.cells, now.cells) : null;
  const enough = Math.min(earlier.stats.scored, now.stats.scored) >= LEAST_DRIFT_TOKENS;
  const level = psi === null || wasserstein === null || !enough ? 'too-few' : worstLevel([levelOf(psi, limits.psi), levelOf(wasserstein, limits.wasserstein)]);
  return { level, psi, wasserstein, earlier: sideOf(earlier.stats), now: sideOf(now.stats) };
}

/** Population stability index of two histograms with the same bins. Half a token in every bin keeps empty ones finite; 0 = equal shares. */
export function stabilityIndex(earlier: readonly number[], now: readonly number[]): number {
  const total = (bins: readonly number[]): number => bins.reduce((sum, count) => sum + count, 0) + bins.length / 2;
  const [earlierTotal, nowTotal] = [total(earlier), total(now)];
  return now.reduce((sum, count, bin) => {
    const [p, q] = [(count + 0.5) / nowTotal, (earlier[bin]! + 0.5) / earlierTotal];
    return sum + (p - q) * Math.log(p / q);
  }, 0);
}

/** Area between the two distribution functions, in nats. */
export function wassersteinDistance(earlier: LossCells, now: LossCells): number {
  const total = (cells: LossCells): number => cells.reduce((sum, count) => sum + count, 0);
  const [earlierTotal, nowTotal] = [total(earlier), total(now)];
  let [earlierBelow, nowBelow, area] = [0, 0, 0];
  for (let cell = 0; cell < now.length; cell++) {
    earlierBelow += earlier[cell]!;
    nowBelow += now[cell]!;
    area += Math.abs(nowBelow / nowTotal - earlierBelow / earlierTotal);
  }
  return area / CELLS_PER_NAT;
}

export function worstLevel(levels: readonly DriftLevel[]): DriftLevel {
  return (['alarm', 'watch', 'ok'] as const).find((level) => levels.includes(level)) ?? 'too-few';
}

/** The gravest level first, then the largest PSI. */
export function worstFirst<D extends Pick<Distance, 'level' | 'psi'>>(distances: readonly D[]): D[] {
  const gravity: Readonly<Record<DriftLevel, number>> = { alarm: 3, watch: 2, ok: 1, 'too-few': 0 };
  return distances.toSorted((a, b) => gravity[b.level] - gravity[a.level] || (b.psi ?? -1) - (a.psi ?? -1));
}

function levelOf(distance: number, { watch, alarm }: { readonly watch: number; readonly alarm: number }): DriftLevel {
  return distance >= alarm ? 'alarm' : distance >= watch ? 'watch' : 'ok';
}

function sideOf({ tokens, scored, mean, percentiles, bins }: DistanceSide): DistanceSide {
  return { tokens, scored, mean, percentiles, bins };
}

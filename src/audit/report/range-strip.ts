import type { LossStats } from '../report-data.js';
import { LOSS_TICKS, placeOfLoss } from './loss-axis.js';

const WIDTH = 160;
const HEIGHT = 20;
const LEFT = 4;
const RIGHT = WIDTH - 4;
const MIDDLE = HEIGHT / 2;

/** A row's losses on the common axis: p5 to p95 as a thin line, p25 to p75 as a thick one, the median as a dot, the mean as a stroke. */
export function rangeStrip({ percentiles, mean }: Pick<LossStats, 'percentiles' | 'mean'>): string {
  const at = (nats: number): string => placeOfLoss(nats, LEFT, RIGHT).toFixed(1);
  const grid = LOSS_TICKS.map((nats) => `<line class="grid" x1="${at(nats)}" x2="${at(nats)}" y1="0" y2="${HEIGHT}"/>`).join('');
  if (percentiles === null) return `<svg class="strip" viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true">${grid}</svg>`;
  const { p5, p25, p50, p75, p95 } = percentiles;
  const stroke = mean === null ? '' : `<line class="mean" x1="${at(mean)}" x2="${at(mean)}" y1="${MIDDLE - 6}" y2="${MIDDLE + 6}"/>`;
  return `<svg class="strip" viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true">${grid}<line class="thin" x1="${at(p5)}" x2="${at(p95)}" y1="${MIDDLE}" y2="${MIDDLE}"/><line class="thick" x1="${at(p25)}" x2="${at(p75)}" y1="${MIDDLE}" y2="${MIDDLE}"/><circle class="dot" cx="${at(p50)}" cy="${MIDDLE}" r="3"/>${stroke}</svg>`;
}

/** The axis of a column of strips, for its head. */
export function rangeStripAxis(): string {
  const labels = LOSS_TICKS.map((nats) => `<text x="${placeOfLoss(nats, LEFT, RIGHT).toFixed(1)}" y="11" text-anchor="middle">${nats}</text>`).join('');
  return `<svg class="strip" viewBox="0 0 ${WIDTH} 14" role="img" aria-label="logarithmic axis from 0.001 to 64 nats">${labels}</svg>`;
}

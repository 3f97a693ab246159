import { axisOver, tickText } from '../../charts/axis.js';
import { escaped } from '../../charts/markup.js';
import type { RangeStats } from '../report-data.js';
import { countText, natsText } from './number-text.js';

const WIDTH = 360;
const HEIGHT = 210;
const PLOT = { left: 34, right: WIDTH - 8, top: 24, bottom: HEIGHT - 40 };

export interface StepChart {
  readonly title: string;
  /** What the ranges count, in tokens. */
  readonly xLabel: string;
  readonly ranges: readonly RangeStats[];
  /** A line at a count of tokens, with its name. */
  readonly mark?: { readonly at: number; readonly name: string };
  /** Top of the loss axis in nats, the same for charts that are side by side. */
  readonly highest: number;
}

/** The mean loss of each range as a step, and p25 to p75 as a band behind it, over a logarithmic count of tokens. */
export function stepChart({ title, xLabel, ranges, highest, mark }: StepChart): string {
  const drawn = ranges.filter(({ mean }) => mean !== null);
  const first = ranges[0]?.from ?? 0;
  const end = ranges.reduce((most, { from, to }) => Math.max(most, to === null ? 2 * (from + 1) : to + 1), first + 2);
  // Ranges may begin at 0: one is added to every count before its logarithm.
  const x = (tokens: number): string => (PLOT.left + ((PLOT.right - PLOT.left) * Math.log2((tokens + 1) / (first + 1))) / Math.log2((end + 1) / (first + 1))).toFixed(1);
  const axis = axisOver(0, highest, 4);
  const y = (nats: number): string => (PLOT.bottom - ((PLOT.bottom - PLOT.top) * Math.min(nats, axis.high)) / axis.high).toFixed(1);
  const grid = axis.ticks.map((tick) => `<line class="${tick === 0 ? 'axis' : 'grid'}" x1="${PLOT.left}" x2="${PLOT.right}" y1="${y(tick)}" y2="${y(tick)}"/><text x="${PLOT.left - 6}" y="${y(tick)}" dy="4" text-anchor="end">${tickText(tick, axis)}</text>`);
  const ticks = powersBetween(first, end).map((tokens) => `<line class="tick" x1="${x(tokens)}" x2="${x(tokens)}" y1="${PLOT.bottom}" y2="${PLOT.bottom + 4}"/><text x="${x(tokens)}" y="${PLOT.bottom + 17}" text-anchor="middle">${countText(tokens)}</text>`);
  const after = ({ from, to }: RangeStats): number => (to === null ? 2 * (from + 1) : to + 1);
  const bands = drawn.map((range) => {
    const { percentiles, from } = range;
    if (percentiles === null) return '';
    const height = Number(y(percentiles.p25)) - Number(y(percentiles.p75));
    return `<rect class="band" x="${x(from)}" y="${y(percentiles.p75)}" width="${(Number(x(after(range))) - Number(x(from))).toFixed(1)}" height="${height.toFixed(1)}"/>`;
  });
  const path = drawn.map((range) => `M${x(range.from)},${y(range.mean!)}H${x(after(range))}`).join('');
  const areas = drawn.map((range) => {
    const title = `${rangeText(range)} tokens: mean ${natsText(range.mean)} nats, ${countText(range.scored)} tokens`;
    return `<rect class="hit" x="${x(range.from)}" y="${PLOT.top}" width="${(Number(x(after(range))) - Number(x(range.from))).toFixed(1)}" height="${PLOT.bottom - PLOT.top}"><title>${escaped(title)}</title></rect>`;
  });
  const line = mark === undefined || mark.at <= first || mark.at >= end ? '' : `<line class="mark" x1="${x(mark.at)}" x2="${x(mark.at)}" y1="${PLOT.top - 6}" y2="${PLOT.bottom}"/><text class="mark" x="${x(mark.at)}" dx="-4" y="${PLOT.top + 3}" text-anchor="end">${escaped(mark.name)}</text>`;
  return `<figure><figcaption><strong>${escaped(title)}</strong></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(`${title}: mean loss in nats by ${xLabel}`)}"><text class="name" x="0" y="12">nats</text>${grid.join('')}${ticks.join('')}${bands.join('')}<path class="step" d="${path}"/>${line}${areas.join('')}<text class="name" x="${(PLOT.left + PLOT.right) / 2}" y="${HEIGHT - 6}" text-anchor="middle">${escaped(xLabel)}</text></svg></figure>`;
}

/** Powers of four within a range, so that labels do not touch; 0 where it begins there. */
function powersBetween(first: number, end: number): number[] {
  const powers = Array.from({ length: 16 }, (_, k) => 4 ** k).filter((tokens) => tokens >= first && tokens <= end);
  return first === 0 ? [0, ...powers.filter((tokens) => tokens >= 4)] : powers;
}

/** "128 to 191", "1,024 and more" */
export function rangeText({ from, to }: Pick<RangeStats, 'from' | 'to'>): string {
  return to === null ? `${countText(from)} and more` : to === from ? countText(from) : `${countText(from)} to ${countText(to)}`;
}

import { axisOver, tickText } from '../../charts/axis.js';
import { escaped } from '../../charts/markup.js';
import { chartFrames, type ChartFrame } from './chart-frame.js';
import { LOSS_SCALE } from './heat-scale.js';
import { heatStrip } from './heat-strip.js';
import { LOSS_TICKS, MINOR_LOSS_TICKS, placeOfLoss, type LossBin } from './loss-axis.js';
import { countText, percentText } from './number-text.js';

export interface Histogram {
  /** The picture in one sentence. */
  readonly label: string;
  readonly bins: readonly LossBin[];
  /** Drawn as an outline over the bars, for comparison. */
  readonly outline?: readonly LossBin[];
  /** Lines that stand at a loss, with their names, each in a row of its own. */
  readonly marks?: readonly { readonly at: number; readonly name: string }[];
}

const FRAMES = chartFrames(346, 66, 66);
/** About the width of a letter. */
const LETTER = 7;
/** Heights are shares for a tenth of a doubling: every bin is wider, so that none is above 100 %. */
const HEIGHT_OCTAVES = 0.1;

/** Shares of tokens over the loss axis, with the colours of the heatmaps below it; each bar tells its exact share under the pointer. */
export function histogram(chart: Histogram): string {
  return `<div class="scroll" role="region" tabindex="0" aria-label="${escaped(`Chart: ${chart.label}`)}">${FRAMES.map((frame) => picture(chart, frame)).join('\n')}</div>`;
}

function picture({ label, bins, outline, marks = [] }: Histogram, frame: ChartFrame): string {
  const { className, width, height, plot } = frame;
  const highest = highestDensity([bins, outline ?? []]);
  const axis = axisOver(0, highest * HEIGHT_OCTAVES * 100 * 1.04, 4);
  const y = (density: number): number => plot.bottom - ((plot.bottom - plot.top) * density * HEIGHT_OCTAVES * 100) / axis.high;
  const grid = axis.ticks.map((tick) => {
    const at = y(tick / 100 / HEIGHT_OCTAVES).toFixed(1);
    return `<line class="${tick === 0 ? 'axis' : 'grid'}" x1="${plot.left}" x2="${plot.right}" y1="${at}" y2="${at}"/><text x="${plot.left - 8}" y="${at}" dy="4" text-anchor="end">${tickText(tick, axis)}${tick === axis.ticks.at(-1) ? ' %' : ''}</text>`;
  });
  return `<svg class="${className}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(label)}">
<text class="name" x="0" y="14">share of tokens for each tenth of a doubling of the loss</text>
${grid.join('')}
${bars(bins, y, plot)}
${outline === undefined ? '' : `<path class="outline" d="${stepPath(outline, y, plot)}"/>`}
${marks.toSorted((a, b) => a.at - b.at).map((mark, row) => markLine(mark, row, frame)).join('\n')}
${hoverAreas(bins, outline, plot)}
${lossTicks(frame)}
</svg>`;
}

interface Frame {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
}

function highestDensity(series: readonly (readonly LossBin[])[]): number {
  return Math.max(1e-3, ...series.flatMap((bins) => bins.map(({ density }) => density)));
}

function bars(bins: readonly LossBin[], y: (density: number) => number, { left, right, bottom }: Frame): string {
  const rectangles = bins.map(({ from, to, density }, at) => {
    if (density === 0) return '';
    const x = placeOfLoss(from, left, right);
    const width = placeOfLoss(to, left, right) - x;
    const kind = at === 0 || at === bins.length - 1 ? 'bar end' : 'bar';
    return `<rect class="${kind}" x="${(x + 0.5).toFixed(1)}" y="${y(density).toFixed(1)}" width="${(width - 1).toFixed(1)}" height="${(bottom - y(density)).toFixed(1)}"/>`;
  });
  return rectangles.join('');
}

function stepPath(bins: readonly LossBin[], y: (density: number) => number, { left, right, bottom }: Frame): string {
  const steps = bins.map(({ from, to, density }) => `L${placeOfLoss(from, left, right).toFixed(1)},${y(density).toFixed(1)}L${placeOfLoss(to, left, right).toFixed(1)},${y(density).toFixed(1)}`);
  return `M${left},${bottom}${steps.join('')}L${right},${bottom}`;
}

function markLine({ at, name }: NonNullable<Histogram['marks']>[number], row: number, { width, plot }: ChartFrame): string {
  const x = placeOfLoss(at, plot.left, plot.right);
  const y = plot.top - 34 + 15 * row;
  // At the right of its line, where those further right begin lower; at the left only where there is no room.
  const [dx, anchor] = x + 5 + LETTER * name.length > width ? [-5, 'end'] : [5, 'start'];
  return `<line class="mark" x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${y - 10}" y2="${plot.bottom}"/><text class="mark" x="${x.toFixed(1)}" dx="${dx}" y="${y}" text-anchor="${anchor}">${escaped(name)}</text>`;
}

/** Columns of full height, so that short bars can be pointed at too. */
function hoverAreas(bins: readonly LossBin[], outline: readonly LossBin[] | undefined, { left, right, top, bottom }: ChartFrame['plot']): string {
  const areas = bins.map((bin, at) => {
    const x = placeOfLoss(bin.from, left, right);
    const width = placeOfLoss(bin.to, left, right) - x;
    const earlier = outline?.[at];
    const title = `${binText(bin, at, bins.length)}: ${percentText(bin.share)}, ${countText(bin.count)} tokens${earlier === undefined ? '' : `; earlier ${percentText(earlier.share)}`}`;
    return `<rect class="hit" x="${x.toFixed(1)}" y="${top}" width="${width.toFixed(1)}" height="${bottom - top}"><title>${escaped(title)}</title></rect>`;
  });
  return areas.join('');
}

/** "0.25 to 0.3125 nats" */
export function binText({ from, to }: LossBin, at: number, bins: number): string {
  const text = (nats: number): string => String(Number(nats.toPrecision(4)));
  return at === 0 ? `below ${text(to)} nats` : at === bins - 1 ? `${text(from)} nats and more` : `${text(from)} to ${text(to)} nats`;
}

function lossTicks({ className, height, plot }: ChartFrame): string {
  const { left, right, bottom } = plot;
  const at = (nats: number): string => placeOfLoss(nats, left, right).toFixed(1);
  const name = className === 'wide' ? 'loss of a token in nats (logarithmic); the strip has the colours of the heatmaps' : 'loss of a token in nats (logarithmic)';
  const minor = MINOR_LOSS_TICKS.map((nats) => `<line class="tick" x1="${at(nats)}" x2="${at(nats)}" y1="${bottom}" y2="${bottom + 3}"/>`);
  const major = LOSS_TICKS.map(
    (nats) => `<line class="tick" x1="${at(nats)}" x2="${at(nats)}" y1="${bottom}" y2="${bottom + 6}"/><text x="${at(nats)}" y="${bottom + 36}" text-anchor="middle">${nats}</text>`,
  );
  return `${minor.join('')}${major.join('')}${heatStrip(LOSS_SCALE, (nats) => placeOfLoss(nats, left, right), [left, right], bottom + 10)}
<text class="name" x="${(left + right) / 2}" y="${height - 8}" text-anchor="middle">${name}</text>`;
}

export interface SmallHistogram {
  readonly title: string;
  /** One line below the title. */
  readonly note: string;
  readonly bins: readonly LossBin[];
}

const SMALL = { width: 280, height: 120, left: 6, right: 274, top: 6, bottom: 96 };

/** Small pictures on the same axes, each with the outline of the whole behind it. */
export function smallMultiples(pictures: readonly SmallHistogram[], whole: readonly LossBin[]): string {
  const highest = highestDensity([whole, ...pictures.map(({ bins }) => bins)]);
  const y = (density: number): number => SMALL.bottom - ((SMALL.bottom - SMALL.top) * density) / highest;
  const at = (nats: number): string => placeOfLoss(nats, SMALL.left, SMALL.right).toFixed(1);
  const ticks = LOSS_TICKS.map(
    (nats) => `<line class="tick" x1="${at(nats)}" x2="${at(nats)}" y1="${SMALL.bottom}" y2="${SMALL.bottom + 4}"/><text x="${at(nats)}" y="${SMALL.bottom + 18}" text-anchor="middle">${nats}</text>`,
  ).join('');
  const base = `<line class="axis" x1="${SMALL.left}" x2="${SMALL.right}" y1="${SMALL.bottom}" y2="${SMALL.bottom}"/>${ticks}`;
  const outline = `<path class="whole" d="${stepPath(whole, y, SMALL)}"/>`;
  const figures = pictures.map(
    ({ title, note, bins }) => `<figure><figcaption><strong>${escaped(title)}</strong> <span>${escaped(note)}</span></figcaption>
<svg viewBox="0 0 ${SMALL.width} ${SMALL.height}" role="img" aria-label="${escaped(`Losses of ${title}: ${note}`)}">${bars(bins, y, SMALL)}${outline}${base}</svg></figure>`,
  );
  return `<div class="multiples">${figures.join('\n')}</div>`;
}

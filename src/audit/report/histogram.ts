import { axisOver } from '../../charts/axis.js';
import { escaped } from '../../charts/markup.js';
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

const WIDTH = 960;
const HEIGHT = 346;
/** About the width of a letter. */
const LETTER = 7;
const PLOT = { left: 52, right: WIDTH - 8, top: 66, bottom: HEIGHT - 66 };

/** Shares of tokens over the loss axis, with the colours of the heatmaps below it; each bar tells its exact share under the pointer. */
export function histogram({ label, bins, outline, marks = [] }: Histogram): string {
  const highest = highestDensity([bins, outline ?? []]);
  const axis = axisOver(0, highest * 100 * 1.04, 4);
  const y = (density: number): number => PLOT.bottom - ((PLOT.bottom - PLOT.top) * density * 100) / axis.high;
  const grid = axis.ticks.map((tick) => {
    const at = y(tick / 100).toFixed(1);
    return `<line class="${tick === 0 ? 'axis' : 'grid'}" x1="${PLOT.left}" x2="${PLOT.right}" y1="${at}" y2="${at}"/><text x="${PLOT.left - 8}" y="${at}" dy="4" text-anchor="end">${tick}${tick === axis.ticks.at(-1) ? ' %' : ''}</text>`;
  });
  return `<div class="scroll" role="region" tabindex="0" aria-label="${escaped(`Chart: ${label}`)}"><svg class="wide" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(label)}">
<text class="name" x="0" y="14">share of tokens for each doubling of the loss</text>
${grid.join('')}
${bars(bins, y, PLOT)}
${outline === undefined ? '' : `<path class="outline" d="${stepPath(outline, y, PLOT)}"/>`}
${marks.toSorted((a, b) => a.at - b.at).map(markLine).join('\n')}
${hoverAreas(bins, outline)}
${lossTicks()}
</svg></div>`;
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

function markLine({ at, name }: NonNullable<Histogram['marks']>[number], row: number): string {
  const x = placeOfLoss(at, PLOT.left, PLOT.right);
  const y = PLOT.top - 34 + 15 * row;
  // At the right of its line, where those further right begin lower; at the left only where there is no room.
  const [dx, anchor] = x + 5 + LETTER * name.length > WIDTH ? [-5, 'end'] : [5, 'start'];
  return `<line class="mark" x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${y - 10}" y2="${PLOT.bottom}"/><text class="mark" x="${x.toFixed(1)}" dx="${dx}" y="${y}" text-anchor="${anchor}">${escaped(name)}</text>`;
}

/** Columns of full height, so that short bars can be pointed at too. */
function hoverAreas(bins: readonly LossBin[], outline: readonly LossBin[] | undefined): string {
  const areas = bins.map((bin, at) => {
    const x = placeOfLoss(bin.from, PLOT.left, PLOT.right);
    const width = placeOfLoss(bin.to, PLOT.left, PLOT.right) - x;
    const earlier = outline?.[at];
    const title = `${binText(bin, at, bins.length)}: ${percentText(bin.share)}, ${countText(bin.count)} tokens${earlier === undefined ? '' : `; earlier ${percentText(earlier.share)}`}`;
    return `<rect class="hit" x="${x.toFixed(1)}" y="${PLOT.top}" width="${width.toFixed(1)}" height="${PLOT.bottom - PLOT.top}"><title>${escaped(title)}</title></rect>`;
  });
  return areas.join('');
}

/** "0.25 to 0.3125 nats" */
export function binText({ from, to }: LossBin, at: number, bins: number): string {
  const text = (nats: number): string => String(Number(nats.toPrecision(4)));
  return at === 0 ? `below ${text(to)} nats` : at === bins - 1 ? `${text(from)} nats and more` : `${text(from)} to ${text(to)} nats`;
}

function lossTicks(): string {
  const at = (nats: number): string => placeOfLoss(nats, PLOT.left, PLOT.right).toFixed(1);
  const minor = MINOR_LOSS_TICKS.map((nats) => `<line class="tick" x1="${at(nats)}" x2="${at(nats)}" y1="${PLOT.bottom}" y2="${PLOT.bottom + 3}"/>`);
  const major = LOSS_TICKS.map(
    (nats) => `<line class="tick" x1="${at(nats)}" x2="${at(nats)}" y1="${PLOT.bottom}" y2="${PLOT.bottom + 6}"/><text x="${at(nats)}" y="${PLOT.bottom + 36}" text-anchor="middle">${nats}</text>`,
  );
  return `${minor.join('')}${major.join('')}${heatStrip(LOSS_SCALE, (nats) => placeOfLoss(nats, PLOT.left, PLOT.right), [PLOT.left, PLOT.right], PLOT.bottom + 10)}
<text class="name" x="${(PLOT.left + PLOT.right) / 2}" y="${HEIGHT - 8}" text-anchor="middle">loss of a token in nats (logarithmic); the strip has the colours of the heatmaps</text>`;
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

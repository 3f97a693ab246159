import { axisOver } from '../../charts/axis.js';
import { escaped } from '../../charts/markup.js';
import type { AuditReport, ExcessReport, ExcessSelection } from '../report-data.js';
import { className } from './distribution-section.js';
import { chartFrames, type ChartFrame } from './chart-frame.js';
import { joinText } from './dynamics-section.js';
import { EXCESS_SCALE } from './heat-scale.js';
import { heatStrip } from './heat-strip.js';
import { countText, deltaText, percentText } from './number-text.js';
import type { Section } from './section.js';
import { facts, table, type Column } from './table.js';
import { nameText, plainText, shortHash } from './visible-text.js';

/** What a trained model still has to learn that the reference model knows; undefined without one. */
export function excessSection({ excess }: AuditReport): Section | undefined {
  if (excess === null) return undefined;
  const { live, joined, mean, percentiles, positiveShare } = excess;
  const spread = percentiles === null ? [] : [['p5, p50, p95', `${[percentiles.p5, percentiles.p50, percentiles.p95].map(deltaText).join(', ')} nats`] as const];
  return {
    id: 'excess',
    title: 'Excess loss',
    body: `<p>Loss of the live model ${shortHash(live.model.hash)} in <code>${escaped(plainText(live.run))}</code> less the reference loss. ${joinText(joined)}</p>
${facts([['Mean excess', `${deltaText(mean)} nats`], ...spread, ['Tokens above 0', percentText(positiveShare)]])}
${excessHistogram(excess)}
${selections(excess.selections)}`,
  };
}

const FRAMES = chartFrames(256, 26, 60);

function excessHistogram(excess: ExcessReport): string {
  if (excess.tokens === 0) return '<p>No token has a loss in both runs.</p>';
  return `<div class="scroll" role="region" tabindex="0" aria-label="Chart: excess losses">${FRAMES.map((frame) => excessPicture(excess, frame)).join('\n')}</div>`;
}

function excessPicture({ edges, bins }: ExcessReport, { className, width: pixels, height, plot }: ChartFrame): string {
  const all = bins.reduce((sum, count) => sum + count, 0);
  // The bins at the ends have no width of their own; they are drawn as wide as their neighbours.
  const width = edges[1]! - edges[0]!;
  const [low, high] = [edges[0]! - width, edges.at(-1)! + width];
  const x = (nats: number): number => plot.left + ((plot.right - plot.left) * (nats - low)) / (high - low);
  const axis = axisOver(0, (104 * Math.max(...bins)) / all, 4);
  const y = (percent: number): number => plot.bottom - ((plot.bottom - plot.top) * percent) / axis.high;
  const grid = axis.ticks.map((tick) => `<line class="${tick === 0 ? 'axis' : 'grid'}" x1="${plot.left}" x2="${plot.right}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}"/><text x="${plot.left - 8}" y="${y(tick).toFixed(1)}" dy="4" text-anchor="end">${Number(tick.toPrecision(6))}${tick === axis.ticks.at(-1) ? ' %' : ''}</text>`);
  const bars = bins.map((count, at) => {
    const from = at === 0 ? low : edges[at - 1]!;
    const to = edges[at] ?? high;
    const name = at === 0 ? `below ${to}` : at === bins.length - 1 ? `${from} and more` : `${from} to ${to}`;
    const top = y((100 * count) / all);
    return `<rect class="${at === 0 || at === bins.length - 1 ? 'bar end' : 'bar'}" x="${(x(from) + 0.5).toFixed(1)}" y="${top.toFixed(1)}" width="${(x(to) - x(from) - 1).toFixed(1)}" height="${(plot.bottom - top).toFixed(1)}"><title>${escaped(`${name} nats: ${percentText(count / all)}, ${countText(count)} tokens`)}</title></rect>`;
  });
  const ticks = [-8, -6, -4, -2, 0, 2, 4, 6, 8].map((nats) => `<line class="tick" x1="${x(nats).toFixed(1)}" x2="${x(nats).toFixed(1)}" y1="${plot.bottom}" y2="${plot.bottom + 6}"/><text x="${x(nats).toFixed(1)}" y="${plot.bottom + 36}" text-anchor="middle">${String(nats).replace('-', '−')}</text>`);
  const name = className === 'wide' ? 'excess loss in nats, live minus reference; the strip has the colours of the heatmaps' : 'excess loss in nats, live minus reference';
  return `<svg class="${className}" viewBox="0 0 ${pixels} ${height}" role="img" aria-label="Histogram of the excess loss of ${countText(all)} tokens"><text class="name" x="0" y="14">share of tokens</text>
${grid.join('')}${bars.join('')}<line class="mark" x1="${x(0).toFixed(1)}" x2="${x(0).toFixed(1)}" y1="${plot.top}" y2="${plot.bottom}"/>${ticks.join('')}${heatStrip(EXCESS_SCALE, x, [plot.left, plot.right], plot.bottom + 10)}
<text class="name" x="${(plot.left + plot.right) / 2}" y="${height - 6}" text-anchor="middle">${name}</text></svg>`;
}

function selections(list: readonly ExcessSelection[]): string {
  if (list.length === 0) return '';
  const columns: Column<ExcessSelection>[] = [
    { head: 'keepFraction', kind: 'text', cell: ({ keepFraction }) => String(keepFraction) },
    { head: 'candidates', kind: 'number', cell: ({ candidates }) => countText(candidates) },
    { head: 'kept', kind: 'number', cell: ({ kept }) => countText(kept) },
    { head: 'kept share', kind: 'number', cell: ({ kept, candidates }) => percentText(candidates === 0 ? null : kept / candidates) },
    { head: 'excess of kept', hint: 'Mean, nats', kind: 'number', cell: ({ meanExcess }) => deltaText(meanExcess.kept) },
    { head: 'of dropped', hint: 'Mean excess loss, nats', kind: 'number', cell: ({ meanExcess }) => deltaText(meanExcess.dropped) },
    { head: 'reference loss of kept', hint: 'Mean, nats', kind: 'number', cell: ({ meanReference }) => deltaText(meanReference.kept).replace('+', '') },
    { head: 'of dropped', hint: 'Mean reference loss, nats', kind: 'number', cell: ({ meanReference }) => deltaText(meanReference.dropped).replace('+', '') },
  ];
  const parts = list.map(({ keepFraction, bySource, byClass }) => {
    const sources = [...bySource.map(({ source, ...rest }) => ({ name: nameText(source), ...rest }))];
    const classes = (byClass ?? []).map(({ class: kind, ...rest }) => ({ name: className(kind), ...rest }));
    return `<details><summary>What keepFraction ${keepFraction} keeps, by source and kind of token</summary>${keptTable('source', sources)}${classes.length === 0 ? '' : keptTable('kind of token', classes)}</details>`;
  });
  return `<h3>What a selection by excess keeps</h3>${table({ caption: 'Selections by excess loss', columns, rows: list })}${parts.join('\n')}`;
}

interface Kept {
  readonly name: string;
  readonly candidates: number;
  readonly kept: number;
}

function keptTable(head: string, rows: readonly Kept[]): string {
  const columns: Column<Kept>[] = [
    { head, kind: 'text', cell: ({ name }) => name },
    { head: 'candidates', kind: 'number', cell: ({ candidates }) => countText(candidates) },
    { head: 'kept', kind: 'number', cell: ({ kept }) => countText(kept) },
    { head: 'kept share', kind: 'number', cell: ({ kept, candidates }) => percentText(candidates === 0 ? null : kept / candidates) },
  ];
  return table({ caption: `Kept tokens by ${head}`, columns, rows });
}

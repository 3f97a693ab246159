import { escaped } from '../../charts/markup.js';
import type { AuditReport, ClassStats, Distribution, LossStats, RangeStats, SourceStats } from '../report-data.js';
import { binText, histogram, smallMultiples } from './histogram.js';
import { lossBins, type LossBin } from './loss-axis.js';
import { lossColumns } from './loss-columns.js';
import { countText, natsText, percentileText, percentText, perplexityText } from './number-text.js';
import type { Section } from './section.js';
import { rangeText, stepChart } from './step-chart.js';
import { facts, table, type Column } from './table.js';
import { nameText, plainText } from './visible-text.js';
import { LEAST_SOURCE_TOKENS, noisiestFirst } from './verdicts.js';

const STRIP_LEGEND = 'Strips, on the axis of the histogram: thin from p5 to p95, thick from p25 to p75, the dot is the median, the red stroke the mean.';

/** Sources with a small picture; the table has all that the report lists. */
const PICTURES = 12;

export function distributionSection({ distribution, drift, identity }: AuditReport): Section {
  const { overall, edges } = distribution;
  const section = { id: 'distribution', title: 'Distribution of losses' };
  if (overall.scored === 0) return { ...section, body: '<p>No token has a loss.</p>' };
  const bins = lossBins(edges, overall.bins);
  const earlier = drift === null || drift.overall.earlier.scored === 0 ? undefined : lossBins(edges, drift.overall.earlier.bins);
  return {
    ...section,
    body: [
      overallFacts(distribution),
      histogram({
        label: `Losses of ${countText(overall.scored)} tokens: median ${natsText(overall.percentiles!.p50)}, mean ${natsText(overall.mean)} nats`,
        bins,
        ...(earlier === undefined ? {} : { outline: earlier }),
        marks: marksOf(distribution),
      }),
      earlier === undefined ? '' : '<p class="legend"><svg class="key" viewBox="0 0 28 8" aria-hidden="true"><path class="outline" d="M0,4H28"/></svg> the earlier run</p>',
      percentileTable(distribution, drift?.overall.earlier ?? null),
      binTable(bins),
      bySource(distribution, bins),
      byRange(distribution, identity.windows.contextLength - identity.windows.stride),
      byClass(distribution),
    ].join('\n'),
  };
}

function overallFacts({ overall, nearZero }: Distribution): string {
  const stored = (name: string, value: number | null, text: (value: number | null) => string): [string, string][] => (value === null ? [] : [[name, text(value)]]);
  return facts([
    ['Tokens with a loss', countText(overall.scored)],
    ['Mean loss', `${natsText(overall.mean)} nats`],
    ['Perplexity', perplexityText(overall.mean)],
    ['Standard deviation', `${natsText(overall.sd)} nats`],
    [`Near zero, below ${String(Number(nearZero.toPrecision(2)))} nats`, percentText(overall.nearZeroShare)],
    ['Above ln V, worse than a guess', percentText(overall.aboveUniformShare)],
    ...stored('Bits per byte', overall.bitsPerByte, natsText),
    ...stored('Mean entropy', overall.meanEntropy, (value) => `${natsText(value)} nats`),
    ...stored('Most likely token', overall.top1Share, percentText),
  ]);
}

function marksOf({ overall, uniform }: Distribution): { at: number; name: string }[] {
  const { p50 } = overall.percentiles!;
  return [
    { at: p50, name: `median ${percentileText(p50)}` },
    { at: overall.mean!, name: `mean ${natsText(overall.mean)}` },
    { at: uniform, name: `ln V ${natsText(uniform)}, a blind guess` },
  ];
}

const PERCENTILES = ['p1', 'p5', 'p10', 'p25', 'p50', 'p75', 'p90', 'p95', 'p99', 'p99_9'] as const;

function percentileTable({ overall }: Distribution, earlier: Pick<LossStats, 'mean' | 'percentiles'> | null): string {
  interface Line { readonly name: string; readonly stats: Pick<LossStats, 'percentiles'>; readonly min: number | null; readonly max: number | null }
  const now: Line = { name: earlier === null ? 'nats' : 'now, nats', stats: overall, min: overall.min, max: overall.max };
  const rows = earlier === null ? [now] : [now, { name: 'earlier, nats', stats: earlier, min: null, max: null }];
  const columns: Column<Line>[] = [
    { head: '', kind: 'text', cell: ({ name }) => escaped(name) },
    { head: 'min', kind: 'number', cell: ({ min }) => natsText(min) },
    ...PERCENTILES.map((key) => ({ head: key.replace('_', '.'), kind: 'number' as const, cell: ({ stats }: Line) => percentileText(stats.percentiles?.[key]) })),
    { head: 'max', kind: 'number', cell: ({ max }) => natsText(max) },
  ];
  return table({ caption: 'Percentiles of the losses', columns, rows });
}

function binTable(bins: readonly LossBin[]): string {
  const rows = bins.map((bin, at) => ({ bin, at }));
  return `<details><summary>The histogram as a table</summary>
${table<(typeof rows)[number]>({
  caption: 'Tokens by loss',
  columns: [
    { head: 'loss', kind: 'text', cell: ({ bin, at }) => binText(bin, at, bins.length) },
    { head: 'tokens', kind: 'number', cell: ({ bin }) => countText(bin.count) },
    { head: 'share', kind: 'number', cell: ({ bin }) => percentText(bin.share) },
  ],
  rows,
})}
</details>`;
}

function bySource({ bySource: listed, sources, overall, edges }: Distribution, whole: readonly LossBin[]): string {
  const rows = noisiestFirst(listed);
  const pictured = rows.filter(({ scored, others }) => scored >= LEAST_SOURCE_TOKENS && !others);
  const shown = pictured.length > PICTURES ? [...pictured.slice(0, PICTURES / 2), ...pictured.slice(-PICTURES / 2)] : pictured;
  const columns: Column<SourceStats>[] = [
    { head: 'source', kind: 'text', cell: ({ source, others }) => (others ? escaped(source) : nameText(source)) },
    { head: 'documents', kind: 'number', cell: ({ documents }) => countText(documents) },
    ...lossColumns(rows, overall.scored, { perplexity: true }),
  ];
  const unlisted = sources.inOthers === 0 ? '' : ` ${countText(sources.inOthers)} of ${countText(sources.count)} sources are summed up in one row.`;
  const total: SourceStats = { ...overall, source: 'all sources', others: true };
  const half = countText(PICTURES / 2);
  return `<h3>By source</h3>
<p class="legend">Highest mean loss first.${unlisted} ${STRIP_LEGEND}</p>
${table({ caption: 'Losses by source', columns, rows: [...rows, total], rowClass: (row) => (row === total ? 'sum' : undefined) })}
${shown.length < 2 ? '' : `<p class="legend">Each source on one axis, in nats; the line is the whole run.${pictured.length > PICTURES ? ` The ${half} noisiest and the ${half} quietest of those with ${countText(LEAST_SOURCE_TOKENS)} tokens or more.` : ''}</p>
${smallMultiples(shown.map((source) => ({ title: plainText(source.source), note: `mean ${natsText(source.mean)}, ${countText(source.scored)} tokens`, bins: lossBins(edges, source.bins) })), whole)}`}`;
}

/** Edge effects and the effect of length: three charts on one loss axis, and their numbers. */
function byRange({ byContext, byDocumentPosition, byDocumentLength, overall }: Distribution, secondWindow: number): string {
  const kinds = [
    { title: 'By tokens seen before', xLabel: 'tokens of context in the window', ranges: byContext, mark: { at: secondWindow, name: 'next windows begin' } },
    { title: 'By position in the document', xLabel: 'tokens before it in the document', ranges: byDocumentPosition },
    { title: 'By length of the document', xLabel: 'tokens of the document', ranges: byDocumentLength },
  ];
  const highest = Math.max(1, ...kinds.flatMap(({ ranges }) => ranges.map(({ percentiles, mean }) => Math.max(percentiles?.p75 ?? 0, mean ?? 0))));
  const columns = (xLabel: string, rows: readonly RangeStats[]): Column<RangeStats>[] => [{ head: xLabel, kind: 'text', cell: rangeText }, ...lossColumns(rows, overall.scored)];
  return `<h3>By position and length</h3>
<p class="legend">Steps are means; bands reach from p25 to p75. A step where later windows begin would be an edge effect.</p>
<div class="multiples three">${kinds.map((kind) => stepChart({ ...kind, highest: highest * 1.05 })).join('\n')}</div>
${kinds.map(({ title, xLabel, ranges }) => `<details><summary>${title}, as a table</summary>${table({ caption: `Losses ${title.toLowerCase()}`, columns: columns(xLabel, ranges), rows: ranges })}</details>`).join('\n')}`;
}

const CLASS_NAMES: Readonly<Record<ClassStats['class'], string>> = {
  word: 'words and parts of words',
  digits: 'digits',
  punctuation: 'punctuation and symbols',
  whitespace: 'white space',
  special: 'special tokens',
  bytes: 'bytes and parts of characters',
  unknown: 'not in the vocabulary',
};

export function className(name: ClassStats['class']): string {
  return CLASS_NAMES[name];
}

function byClass({ byClass: rows, overall }: Distribution): string {
  if (rows === null) return '';
  const columns: Column<ClassStats>[] = [{ head: 'tokens that are', kind: 'text', cell: (row) => className(row.class) }, ...lossColumns(rows, overall.scored)];
  return `<h3>By kind of token</h3>\n${table({ caption: 'Losses by kind of token', columns, rows })}`;
}

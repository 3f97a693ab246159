import { escaped } from '../../charts/markup.js';
import type { AuditReport, Check, Metric } from '../report-data.js';
import { countText, natsText, percentText } from './number-text.js';
import { levelMark, type Section } from './section.js';
import { table } from './table.js';
import { plainText } from './visible-text.js';

/** What --fail-on asked, and what else it can ask. */
export function checksSection({ checks, metrics }: AuditReport): Section {
  const failedFirst = checks.toSorted((a, b) => Number(b.failed) - Number(a.failed));
  const meanings = new Map(metrics.map((metric) => [metric.name, metric]));
  const asked =
    checks.length === 0
      ? '<p>No conditions were given with <code>--fail-on</code>. The numbers below can be named there.</p>'
      : table<Check>({
          caption: 'Conditions of --fail-on',
          columns: [
            { head: 'condition', kind: 'text', cell: ({ condition }) => `<code>${escaped(plainText(condition))}</code>` },
            { head: 'result', kind: 'text', cell: ({ failed }) => (failed ? levelMark('alarm', 'failed') : levelMark('ok', 'passed')) },
            { head: 'found', kind: 'number', cell: (check) => valueText(check.value, check.asShare ? 'share' : meanings.get(check.metric)?.unit) },
            { head: 'what it is', kind: 'text', cell: ({ metric }) => escaped(plainText(meanings.get(metric)?.meaning ?? metric)) },
          ],
          rows: failedFirst,
        });
  return { id: 'thresholds', title: 'Thresholds', body: `${asked}\n${allMetrics(metrics)}` };
}

function allMetrics(metrics: readonly Metric[]): string {
  return `<details><summary>All numbers that a condition can name</summary>
${table<Metric>({
  caption: 'Numbers that --fail-on can name',
  columns: [
    { head: 'name', kind: 'text', cell: ({ name }) => `<code>${escaped(plainText(name))}</code>` },
    { head: 'value', kind: 'number', cell: ({ value, unit }) => valueText(value, unit) },
    { head: 'unit', kind: 'text', cell: ({ unit }) => (unit === 'index' || unit === 'share' || unit === 'perplexity' ? '' : escaped(unit)) },
    { head: 'as share', kind: 'number', cell: ({ share }) => (share === null ? '' : percentText(share)) },
    { head: 'what it is', kind: 'text', cell: ({ meaning, needs }) => escaped(plainText(needs === null ? meaning : `${meaning} (needs ${needs})`)) },
  ],
  rows: metrics,
})}
</details>`;
}

function valueText(value: number | null, unit: Metric['unit'] | undefined): string {
  if (unit === 'share') return percentText(value);
  return unit === undefined || unit === 'nats' || unit === 'index' || unit === 'bits per byte' || unit === 'perplexity' ? natsText(value) : countText(value);
}

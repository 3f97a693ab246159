import { figureText } from '../charts/axis.js';
import type { Chart, Series } from '../charts/line-chart.js';
import type { ComparedRun, Comparison, EvaluatedPoint } from './comparison.js';
import { differencesNote, differencesTable } from './differences-table.js';
import { comparisonTable, tokensText } from './comparison-table.js';
import { readingNotes } from './comparison-markdown.js';
import { chartPage } from './metrics/chart-page.js';

/** Share of the steps that the close-up leaves out: the fall from the loss of a guess hides what runs differ by later. */
const EARLY = 0.25;

export interface ComparisonPage {
  readonly title: string;
  readonly comparison: Comparison;
  readonly runs: readonly ComparedRun[];
  /** What was run, a sentence each. */
  readonly settings: readonly string[];
}

/** The comparison as one self-contained HTML file: the curves of all selections in the same charts, and the tables. The same runs give the same bytes. */
export function comparisonHtml({ title, comparison, runs, settings }: ComparisonPage): string {
  const { baseline, seeds, steps, consumedTokens, sets, differences } = comparison;
  const names = sets[0]!.selections.map(({ selection }) => selection);
  return chartPage({
    title,
    figures: [
      ['Steps', figureText(steps)],
      ['Tokens consumed by each run', tokensText(consumedTokens)],
      ['Seeds', figureText(seeds)],
    ],
    charts: sets.flatMap(({ name, selections }) => chartsOf(name, selections.map(({ selection }) => [selection, runs.filter((run) => run.selection === selection)]), steps)),
    tables: [
      ...sets.map((set) => ({ title: `Mean loss on ${set.name}, nats per token`, rows: comparisonTable(set, baseline) })),
      ...(differences === undefined || differences.length === 0 ? [] : [{ title: 'Settings in which the runs differ', rows: differencesTable(names, differences) }]),
    ],
    note: [...settings, ...(differences === undefined ? [] : [differencesNote(differences)]), ...(seeds === 1 ? [] : ['Lines are means of the seeds, bands reach from the lowest to the highest.']), ...readingNotes(comparison)].join(' ').replaceAll('`', ''),
  });
}

function chartsOf(set: string, arms: readonly (readonly [string, readonly ComparedRun[]])[], steps: number): Chart[] {
  const chart = (title: string, xLabel: string, x: (point: EvaluatedPoint) => number, from: number): Chart => ({
    title,
    xLabel,
    yLabel: 'nats per token',
    series: arms.map(([name, runs]): Series => ({ name, marked: true, points: meanCurve(runs, set, x, from) })),
  });
  return [
    chart(`Loss on ${set}`, 'step', ({ step }) => step, 0),
    chart(`Loss on ${set}, the first quarter left out`, 'step', ({ step }) => step, EARLY * steps),
    chart(`Loss on ${set} by tokens trained on`, 'tokens trained on', ({ trainedTokens }) => trainedTokens, EARLY * steps),
  ];
}

/** Runs of one selection at each evaluated step from `from` on: mean, lowest and highest loss. Runs are evaluated at the same steps. */
function meanCurve(runs: readonly ComparedRun[], set: string, x: (point: EvaluatedPoint) => number, from: number): Series['points'] {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return runs[0]!.points.flatMap(({ step }, at) => {
    if (step < from) return [];
    const points = runs.map((run) => run.points[at]!);
    const losses = points.map(({ evaluations }) => evaluations.find(({ name }) => name === set)!.loss);
    return [{ x: mean(points.map(x)), y: mean(losses), low: Math.min(...losses), high: Math.max(...losses) }];
  });
}

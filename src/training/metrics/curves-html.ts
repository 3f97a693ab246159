import { figureText } from '../../charts/axis.js';
import { chartPage } from './chart-page.js';
import type { Chart, Series } from '../../charts/line-chart.js';
import type { Measured, StepMetrics } from './step-metrics.js';

const NOTE =
  'Losses are natural-log nats per token; excess is live minus reference loss. The number beside a name is its last value. Where a run has more steps than a chart has room for, lines are means and bands reach from the lowest to the highest value.';

/** The curves of a training run as one self-contained HTML file. Records are in the order of their steps. */
export function curvesHtml({ title, records }: { readonly title: string; readonly records: readonly StepMetrics[] }): string {
  return chartPage({ title, figures: figuresOf(records), charts: chartsOf(records), note: NOTE });
}

function chartsOf(records: readonly StepMetrics[]): Chart[] {
  const curve = (name: string, key: Measured, factor = 1): Series => ({ name, points: records.map((record) => ({ x: record.step, y: record[key] * factor })) });
  const chart = (title: string, yLabel: string, series: readonly Series[], yIncludes?: readonly number[]): Chart => ({
    title, xLabel: 'step', yLabel, series, ...(yIncludes === undefined ? {} : { yIncludes }),
  });
  const everyTokenKept = records.every(({ loss, lossAll }) => Object.is(loss, lossAll));
  return [
    chart('Training loss', 'nats per token', everyTokenKept ? [curve('all tokens', 'loss')] : [curve('tokens trained on', 'loss'), curve('all tokens', 'lossAll')]),
    chart('Evaluation loss', 'nats per token', evaluationSeries(records)),
    chart('Kept share', '% of the tokens of the step', [curve('kept, %', 'keptShare', 100), ...weightSeries(records)], [0, 100]),
    chart('Mean excess loss', 'nats per token', [curve('kept', 'meanExcessKept'), curve('dropped', 'meanExcessDropped')], [0]),
    chart('Learning rate', 'step size of AdamW', [curve('learning rate', 'learningRate')], [0]),
    chart('Gradient norm', 'global L2 norm before clipping', [curve('gradient norm', 'gradientNorm')], [0]),
  ];
}

/** The share of the weights, where tokens had weights. */
function weightSeries(records: readonly StepMetrics[]): Series[] {
  const points = records.flatMap(({ step, weightShare }) => (weightShare === undefined ? [] : [{ x: step, y: 100 * weightShare }]));
  return points.length === 0 ? [] : [{ name: 'sum of weights, %', points }];
}

/** One curve a held-out set, in the order of their names. */
function evaluationSeries(records: readonly StepMetrics[]): Series[] {
  const names = [...new Set(records.flatMap(({ evaluations = [] }) => evaluations.map(({ name }) => name)))].sort();
  return names.map((name) => ({
    name,
    marked: true,
    points: records.flatMap(({ step, evaluations = [] }) => evaluations.filter((evaluation) => evaluation.name === name).map(({ loss }) => ({ x: step, y: loss }))),
  }));
}

function figuresOf(records: readonly StepMetrics[]): (readonly [string, string])[] {
  const last = records.at(-1);
  if (last === undefined) return [['Steps', '0']];
  const share = last.consumedTokens === 0 ? '' : ` (${((100 * last.trainedTokens) / last.consumedTokens).toFixed(1)} %)`;
  const seconds = records.reduce((sum, { stepSeconds }) => sum + (Number.isFinite(stepSeconds) ? stepSeconds : 0), 0);
  const evaluated = evaluationSeries(records).map(({ name, points }) => {
    const best = points.reduce((lowest, point) => (point.y < lowest.y ? point : lowest), { x: NaN, y: Infinity });
    return [`Lowest loss on ${name}`, Number.isNaN(best.x) ? '–' : `${figureText(best.y)} at step ${figureText(best.x)}`] as const;
  });
  return [
    ['Steps', figureText(last.step)],
    ['Tokens consumed', figureText(last.consumedTokens)],
    ['Tokens trained on', `${figureText(last.trainedTokens)}${share}`],
    ['Time in recorded steps', durationText(seconds)],
    ...evaluated,
  ];
}

function durationText(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

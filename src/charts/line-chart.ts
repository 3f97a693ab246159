import { axisOver, figureText, tickText, type Axis } from './axis.js';
import { curveSegments, type CurvePoint, type Point } from './curve.js';
import { escaped } from './markup.js';

export interface Series {
  readonly name: string;
  /** Ascending in x, which counts something: the axis goes from 0 to the last and is marked at whole numbers. */
  readonly points: readonly Point[];
  /** Whether each point is marked; for values that are few. */
  readonly marked?: boolean;
}

export interface Chart {
  readonly title: string;
  readonly xLabel: string;
  /** What y is, and its unit. */
  readonly yLabel: string;
  /** Drawn in SERIES_STYLES styles, in turn. */
  readonly series: readonly Series[];
  /** Values that the y axis spans in any case. */
  readonly yIncludes?: readonly number[];
}

/** Styles s0 to s5 of the page: a colour and a dash pattern each. */
export const SERIES_STYLES = 6;

const WIDTH = 560;
const HEIGHT = 270;
const PLOT = { left: 58, right: WIDTH - 14, top: 26, bottom: HEIGHT - 42 };

/** Whether there is anything to draw. */
export function hasValues({ series }: Chart): boolean {
  return series.some(({ points }) => points.some(({ y }) => Number.isFinite(y)));
}

/** A figure: title, legend with the last value of each curve, and an SVG whose colours come from the page's style sheet. The chart has values. */
export function lineChart(chart: Chart): string {
  const curves = chart.series.map((series) => ({ series, segments: curveSegments(series.points) }));
  const drawn = curves.flatMap(({ segments }) => segments.flat());
  const x = axisOver(0, Math.max(1, ...drawn.map((point) => point.x)), 6, 1);
  const y = paddedAxis(drawn, chart.yIncludes ?? []);
  const place: Place = { x: scale(x, PLOT.left, PLOT.right), y: scale(y, PLOT.bottom, PLOT.top) };
  return `<figure>
<figcaption><h2>${escaped(chart.title)}</h2>${legend(chart.series)}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(`${chart.title}: ${chart.yLabel} by ${chart.xLabel}`)}">
${yAxis(y, place, chart.yLabel)}
${xAxis(x, place, chart.xLabel)}
${curves.map(({ series, segments }, at) => segments.map((segment) => curve(segment, series, `s${at % SERIES_STYLES}`, place)).join('\n')).join('\n')}
</svg>
</figure>`;
}

interface Place {
  readonly x: (value: number) => string;
  readonly y: (value: number) => string;
}

function scale({ low, high }: Axis, from: number, to: number): (value: number) => string {
  return (value) => (from + ((value - low) / (high - low)) * (to - from)).toFixed(1);
}

/** Leaves a twentieth of the span free above and below, but not past a bound that was asked for. */
function paddedAxis(drawn: readonly CurvePoint[], includes: readonly number[]): Axis {
  const low = Math.min(...drawn.map((point) => point.low), ...includes);
  const high = Math.max(...drawn.map((point) => point.high), ...includes);
  const margin = (high - low) / 20;
  return axisOver(includes.includes(low) ? low : low - margin, includes.includes(high) ? high : high + margin, 5);
}

function yAxis(axis: Axis, place: Place, label: string): string {
  const ticks = axis.ticks.map((tick) => {
    const at = place.y(tick);
    return `<line class="${tick === 0 ? 'zero' : 'grid'}" x1="${PLOT.left}" x2="${PLOT.right}" y1="${at}" y2="${at}"/><text x="${PLOT.left - 8}" y="${at}" dy="4" text-anchor="end">${tickText(tick, axis)}</text>`;
  });
  return `<text class="label" x="4" y="13">${escaped(label)}</text>\n${ticks.join('\n')}`;
}

function xAxis(axis: Axis, place: Place, label: string): string {
  const ticks = axis.ticks.map((tick) => {
    const at = place.x(tick);
    return `<line class="tick" x1="${at}" x2="${at}" y1="${PLOT.bottom}" y2="${PLOT.bottom + 5}"/><text x="${at}" y="${PLOT.bottom + 19}" text-anchor="middle">${tickText(tick, axis)}</text>`;
  });
  const line = `<line class="tick" x1="${PLOT.left}" x2="${PLOT.right}" y1="${PLOT.bottom}" y2="${PLOT.bottom}"/>`;
  return `${line}\n${ticks.join('\n')}\n<text class="label" x="${(PLOT.left + PLOT.right) / 2}" y="${HEIGHT - 6}" text-anchor="middle">${escaped(label)}</text>`;
}

function curve(segment: readonly CurvePoint[], { name, marked }: Series, style: string, place: Place): string {
  const at = (point: CurvePoint, value: number): string => `${place.x(point.x)},${place.y(value)}`;
  const band = segment.some(({ low, high }) => low < high)
    ? `<path class="band ${style}" d="M${[...segment.map((point) => at(point, point.high)), ...segment.toReversed().map((point) => at(point, point.low))].join('L')}Z"/>`
    : '';
  const line = `<path class="curve ${style}" d="M${segment.map((point) => at(point, point.y)).join('L')}"/>`;
  // A lone point would be a line of no length.
  const marks = marked !== true && segment.length > 1 ? [] : segment.map((point) => {
    const title = `${name} at ${figureText(point.x)}: ${figureText(point.y)}`;
    return `<circle class="mark ${style}" cx="${place.x(point.x)}" cy="${place.y(point.y)}" r="3.5"><title>${escaped(title)}</title></circle>`;
  });
  return [band, line, ...marks].filter((part) => part !== '').join('\n');
}

function legend(series: readonly Series[]): string {
  const entries = series.map(({ name, points }, at) => {
    const swatch = `<svg class="swatch" viewBox="0 0 28 8" aria-hidden="true"><path class="curve s${at % SERIES_STYLES}" d="M2,4H26"/></svg>`;
    const last = points.findLast(({ y }) => Number.isFinite(y))?.y ?? NaN;
    return `<li>${swatch}${escaped(name)} <b>${figureText(last)}</b></li>`;
  });
  return `<ul class="legend">${entries.join('')}</ul>`;
}

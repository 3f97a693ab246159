export interface Point {
  readonly x: number;
  /** A value that is not finite is a gap in the curve. */
  readonly y: number;
  /** The range that y is the mean of; absent = y alone. */
  readonly low?: number;
  readonly high?: number;
}

/** What is drawn of one or several neighbouring points: their mean, and the range they span. */
export type CurvePoint = Required<Point>;

/** Points a curve is drawn with; about one for each pixel of a chart's width. */
const SLOTS = 400;

/**
 * A curve of at most SLOTS points, cut where values are missing. More points than that are put together in slots of equal width: x and y are their
 * means, low and high the extremes, so that no outlier disappears. Points are in ascending order of x.
 */
export function curveSegments(points: readonly Point[]): readonly (readonly CurvePoint[])[] {
  const segments: CurvePoint[][] = [];
  let open: CurvePoint[] = [];
  for (const point of points.length > SLOTS ? inSlots(points) : points.map(alone)) {
    if (point !== undefined) open.push(point);
    else if (open.length > 0) {
      segments.push(open);
      open = [];
    }
  }
  return open.length > 0 ? [...segments, open] : segments;
}

function alone({ x, y, low = y, high = y }: Point): CurvePoint | undefined {
  return Number.isFinite(y) ? { x, y, low, high } : undefined;
}

/** A slot none of whose values is finite is a gap; a slot without any point is none. */
function inSlots(points: readonly Point[]): (CurvePoint | undefined)[] {
  const first = points[0]!.x;
  const width = (points.at(-1)!.x - first) / SLOTS;
  const slots = new Map<number, Point[]>();
  for (const point of points) {
    const slot = width === 0 ? 0 : Math.min(SLOTS - 1, Math.floor((point.x - first) / width));
    const values = slots.get(slot) ?? [];
    if (Number.isFinite(point.y)) values.push(point);
    slots.set(slot, values);
  }
  return Array.from(slots.values(), together);
}

function together(points: readonly Point[]): CurvePoint | undefined {
  if (points.length === 0) return undefined;
  const values = points.map(({ y }) => y);
  const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;
  return { x: mean(points.map(({ x }) => x)), y: mean(values), low: Math.min(...points.map(({ y, low = y }) => low)), high: Math.max(...points.map(({ y, high = y }) => high)) };
}

/** An axis: the values it spans and where its ticks stand. */
export interface Axis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  /** Distance of the ticks. */
  readonly step: number;
}

/**
 * An axis over [low, high] with about `count` ticks at multiples of 1, 2 or 5 times a power of ten, or at whole numbers of `unit` where there is one;
 * `low <= high`, both finite.
 */
export function axisOver(low: number, high: number, count: number, unit = 0): Axis {
  if (low === high) return axisOver(low - spread(low), high + spread(low), count, unit);
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(unit, power * (rough / power < 1.5 ? 1 : rough / power < 3.5 ? 2 : rough / power < 7.5 ? 5 : 10));
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // A multiple of the step rather than a running sum: 0.3, not 0.30000000000000004, once it is rounded to the step's decimals.
  return { low, high, step, ticks: Array.from({ length: last - first + 1 }, (_, at) => (first + at) * step) };
}

/** Half of what an axis over one single value spans. */
function spread(value: number): number {
  return value === 0 ? 1 : Math.abs(value) / 2;
}

/** A tick with as many decimals as tell it from its neighbours: 0.25, 30, 15k, 2M, 0.5e-4 beside 3.0e-4. */
export function tickText(value: number, { step, low, high }: Axis): string {
  if (Math.abs(value) < step * 1e-6) return '0';
  const largest = Math.max(Math.abs(low), Math.abs(high));
  const [unit, suffix] = unitOf(largest);
  const decimals = Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9));
  return `${(value / unit).toFixed(decimals)}${suffix}`;
}

/** What the ticks of an axis are counted in: one unit for all, so that they can be compared at a glance. */
function unitOf(largest: number): readonly [number, string] {
  if (largest >= 1e9 || largest < 1e-3) {
    const power = Math.floor(Math.log10(largest));
    return [10 ** power, `e${power}`];
  }
  return largest >= 1e6 ? [1e6, 'M'] : largest >= 10_000 ? [1e3, 'k'] : [1, ''];
}

/** A measured value in at most four significant digits; whole numbers whole, with their thousands set apart. */
export function figureText(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Number.isInteger(value)) return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-3 && magnitude < 1e4) return value.toPrecision(4);
  return magnitude < 1e-3 ? value.toExponential(2) : figureText(Math.round(value));
}

/** A line of the table: what was measured, beside what, and what was hoped for. Values are one a round. */
export interface Figure {
  /** With its unit. */
  readonly figure: string;
  readonly values: readonly number[];
  /** What it is compared with, or only a word of why with nothing. */
  readonly beside: { readonly name: string; readonly values: readonly number[] } | string;
  readonly ratio?: number;
  readonly goal?: string;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The middle of a's values divided by b's, round by round: what both sides of a round suffered from falls out. */
export function medianRatio(a: readonly number[], b: readonly number[]): number {
  return median(a.map((value, round) => value / b[round]!));
}

export function markdownTable(figures: readonly Figure[]): string {
  const lines = figures.map(({ figure, values, beside, ratio, goal }) => {
    const other = typeof beside === 'string' ? beside : `${beside.name}: ${spread(beside.values)}`;
    return `| ${figure} | ${spread(values)} | ${other} | ${ratio === undefined ? '' : ratio.toFixed(2)} | ${goal ?? ''} |`;
  });
  return ['| figure | median (smallest - largest) | beside | ratio | goal |', '|---|---|---|---|---|', ...lines].join('\n');
}

function spread(values: readonly number[]): string {
  if (values.length === 0) return 'not measured';
  const text = (value: number): string => value.toFixed(0);
  return values.length === 1 ? text(values[0]!) : `${text(median(values))} (${text(Math.min(...values))} - ${text(Math.max(...values))})`;
}

import type { ComparedSet, Spread } from './comparison.js';

/** The table of an evaluation set as rows of cells, the first of them the header. `baseline`: what the losses are measured against; null for nothing. */
export function comparisonTable({ selections }: ComparedSet, baseline: string | null): readonly (readonly string[])[] {
  const against = baseline === null ? [] : [`less that of ${baseline}`];
  const detailed = selections.some(({ detail }) => detail !== null);
  const header = [...(detailed ? ['run', 'selection'] : ['selection']), 'trained tokens', 'loss at equal consumed tokens', ...against, 'loss at equal trained tokens', ...(baseline === null ? [] : [`steps to ${baseline}`])];
  const rows = selections.map(({ selection, detail, trainedTokens, lossAtEqualConsumed, lossAgainstBaseline, lossAtEqualTrained, stepsToBaseline }) => [
    selection,
    ...(detailed ? [detail ?? '-'] : []),
    tokensText(trainedTokens),
    lossesText(lossAtEqualConsumed),
    ...(lossAgainstBaseline === null ? [] : [spreadText(lossAgainstBaseline, (value) => `${value > 0 ? '+' : ''}${lossText(value)}`)]),
    lossesText(lossAtEqualTrained),
    ...(stepsToBaseline === null ? [] : [stepsText(stepsToBaseline, trainedTokens.values.length)]),
  ]);
  return [header, ...rows];
}

/** Runs of several seeds end a few tokens apart, as their documents do: a range below a thousandth of the mean is not told. */
export function tokensText({ mean, min, max, ...spread }: Spread): string {
  const text = (value: number): string => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
  return max - min < mean / 1000 ? text(mean) : spreadText({ mean, min, max, ...spread }, text);
}

export function lossesText(spread: Spread): string {
  return spreadText(spread, lossText);
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function stepsText({ seedsReached, steps }: { readonly seedsReached: number; readonly steps: Spread | null }, seeds: number): string {
  if (steps === null) return 'not reached';
  const text = spreadText(steps, (value) => String(Math.ceil(value)));
  return seedsReached === seeds ? text : `${text} in ${seedsReached} of ${seeds} seeds`;
}

const lossText = (value: number): string => (Number.isFinite(value) ? value.toFixed(4) : '-');

/** "1.2345 (1.2300 to 1.2390)", and one value alone where there is no more to say. */
function spreadText({ mean, min, max }: Spread, text: (value: number) => string): string {
  return text(min) === text(max) ? text(mean) : `${text(mean)} (${text(min)} to ${text(max)})`;
}

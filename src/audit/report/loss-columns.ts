import type { LossStats } from '../report-data.js';
import { countText, natsText, percentileText, percentText, perplexityText } from './number-text.js';
import { rangeStrip, rangeStripAxis } from './range-strip.js';
import type { Column } from './table.js';

/** The columns every table of losses has. Optional ones stand only where a row has a value. */
export function lossColumns(rows: readonly LossStats[], all: number, { perplexity = false } = {}): readonly Column<LossStats>[] {
  const given = (key: 'bitsPerByte' | 'meanEntropy' | 'top1Share'): boolean => rows.some((row) => row[key] !== null);
  const optional: Column<LossStats>[] = [
    ...(given('bitsPerByte') ? [{ head: 'bits/byte', hint: 'Loss in bits for each byte of text: comparable between tokenizers', kind: 'number' as const, cell: (row: LossStats) => natsText(row.bitsPerByte) }] : []),
    ...(given('meanEntropy') ? [{ head: 'entropy', hint: 'Mean entropy of the predictions in nats', kind: 'number' as const, cell: (row: LossStats) => natsText(row.meanEntropy) }] : []),
    ...(given('top1Share') ? [{ head: 'top-1', hint: 'Share of tokens that were the most likely ones', kind: 'number' as const, cell: (row: LossStats) => percentText(row.top1Share) }] : []),
  ];
  return [
    { head: 'tokens', hint: 'Tokens with a loss', kind: 'number', cell: (row) => countText(row.scored) },
    { head: 'share', hint: 'Of all tokens with a loss', kind: 'number', cell: (row) => percentText(all === 0 ? null : row.scored / all) },
    { head: 'mean', hint: 'Mean loss in nats', kind: 'number', cell: (row) => `<strong>${natsText(row.mean)}</strong>` },
    { head: 'p5 to p95, nats', markup: rangeStripAxis(), kind: 'chart', cell: rangeStrip },
    ...(perplexity ? [{ head: 'perplexity', hint: 'e to the mean loss', kind: 'number' as const, cell: (row: LossStats) => perplexityText(row.mean) }] : []),
    { head: 'median', hint: 'p50, nats', kind: 'number', cell: (row) => percentileText(row.percentiles?.p50) },
    { head: 'p99', hint: 'nats', kind: 'number', cell: (row) => percentileText(row.percentiles?.p99) },
    { head: 'near 0', hint: 'Share of tokens the model was all but certain of', kind: 'number', cell: (row) => percentText(row.nearZeroShare) },
    { head: 'above ln V', hint: 'Share of tokens it predicted worse than by guessing evenly', kind: 'number', cell: (row) => percentText(row.aboveUniformShare) },
    ...optional,
  ];
}

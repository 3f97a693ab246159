import { resolveSelection } from '../selection/options.js';
import type { ComparedSet, Comparison, Spread } from './comparison.js';
import type { TrainOptions } from './options.js';

/**
 * The comparison as Markdown that also reads well on a terminal: what was run, a table for each evaluation set, and how its columns are to be read. It
 * claims nothing beyond that; there are no times in it, so the same runs give the same bytes.
 */
export function comparisonMarkdown(comparison: Comparison, options: TrainOptions): string {
  const { seeds, steps, consumedTokens, equalTrainedTokens, sets } = comparison;
  const { model, data, batch, run, optimizer } = options;
  const { keepFraction, scope } = resolveSelection(options.selection);
  const hasAll = sets.some(({ selections }) => selections.some(({ stepsToAll }) => stepsToAll !== null));
  const sequences = batch.sequences * batch.accumulation;
  const paragraphs = [
    '# Comparison of selections',
    [
      `- ${counted(seeds, 'seed')}, ${counted(steps, 'step')} of ${counted(sequences, 'sequence')} of ${data.length} tokens: each run consumed ${tokensText(consumedTokens)} tokens.`,
      `- Kept share ${keepFraction ?? 'by threshold'} (of the ${scope}), for every selection but \`all\`.`,
      `- Learning rate ${optimizer.learningRate}, ${optimizer.schedule} to ${optimizer.minLearningRate}, ${counted(optimizer.warmupSteps, 'step')} of warm-up.`,
      model.path === null
        ? '- Models from scratch. A seed gives the initial weights and the order of rows, the same for all selections.'
        : '- All runs start from the same checkpoint. A seed gives the order of rows, the same for all selections.',
    ].join('\n'),
    ...sets.map(setText),
    [
      '- Losses are means in nats a token; lower is better.',
      seeds === 1 ? '- One seed: nothing is known of the spread.' : `- Each figure is the mean of ${seeds} seeds (lowest to highest): what was seen, not a confidence interval.`,
      '- Equal consumed tokens: after the last step.',
      `- Equal trained tokens: once trained on ${tokensText(equalTrainedTokens)} tokens, for each seed the fewest that one of its runs was trained on in all.`,
      '  A run that was trained on more is read on its way there, before its learning rate has come down.',
      ...(hasAll ? ['- Steps to all: when the loss first is as low as that of `all` with the same seed at its end.'] : []),
      `- Between evaluations, every ${counted(run.evaluateEvery, 'step')}, values are interpolated linearly.`,
      '- The figures are of this model, this data and this length of training.',
    ].join('\n'),
  ];
  return `${paragraphs.join('\n\n')}\n`;
}

function setText({ name, lossBefore, selections }: ComparedSet, _: number, sets: readonly ComparedSet[]): string {
  const hasAll = selections.some(({ stepsToAll }) => stepsToAll !== null);
  const header = ['selection', 'trained tokens', 'loss at equal consumed tokens', ...(hasAll ? ['less that of all'] : []), 'loss at equal trained tokens', ...(hasAll ? ['steps to all'] : [])];
  const rows = selections.map(({ selection, trainedTokens, lossAtEqualConsumed, lossAgainstAll, lossAtEqualTrained, stepsToAll }) => [
    selection,
    tokensText(trainedTokens),
    spreadText(lossAtEqualConsumed, lossText),
    ...(lossAgainstAll === null ? [] : [spreadText(lossAgainstAll, (value) => `${value > 0 ? '+' : ''}${lossText(value)}`)]),
    spreadText(lossAtEqualTrained, lossText),
    ...(stepsToAll === null ? [] : [stepsText(stepsToAll, trainedTokens.values.length)]),
  ]);
  const heading = sets.length === 1 ? `Held-out set ${quoted(name)}` : `## ${quoted(name)}`;
  return `${heading}, ${spreadText(lossBefore, lossText)} nats before training:\n\n${tableText([header, ...rows])}`;
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

function tokensText(spread: Spread): string {
  return spreadText(spread, (value) => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ','));
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** The name of a set as code, on one line and without what would end it. */
function quoted(name: string): string {
  return `\`${name.replace(/[\s`|]+/g, ' ')}\``;
}

/** Rows of cells, the first of them the header, as a Markdown table with its columns padded. */
function tableText(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const [header, ...body] = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`);
  return [header, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...body].join('\n');
}

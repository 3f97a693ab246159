import type { ComparedSet, Comparison } from './comparison.js';
import { differencesNote, differencesTable } from './differences-table.js';
import { comparisonTable, counted, lossesText, tokensText } from './comparison-table.js';

/**
 * The comparison as Markdown that also reads well on a terminal: a title, what was run (`settings`, a line each), a table for each evaluation set, the settings in
 * which runs differ, and how the columns are to be read. It claims nothing beyond that; there are no times in it, so the same runs give the same bytes.
 */
export function comparisonMarkdown({ title, comparison, settings }: { readonly title: string; readonly comparison: Comparison; readonly settings: readonly string[] }): string {
  const { baseline, sets, differences } = comparison;
  const paragraphs = [
    `# ${title.replace(/\s+/g, ' ')}`,
    listText(settings),
    ...sets.map((set) => `${headingOf(set, sets.length)}, ${lossesText(set.lossBefore)} nats before training:\n\n${tableText(comparisonTable(set, baseline))}`),
    ...(differences === undefined ? [] : [differencesText(comparison, differences)]),
    listText(readingNotes(comparison)),
  ];
  return `${paragraphs.join('\n\n')}\n`;
}

function differencesText({ sets }: Comparison, differences: NonNullable<Comparison['differences']>): string {
  const names = sets[0]!.selections.map(({ selection }) => selection);
  const note = differencesNote(differences);
  return differences.length === 0 ? note : `${note}\n\n${tableText(differencesTable(names, differences))}`;
}

/** How the columns of the tables are to be read, a sentence or two each. */
export function readingNotes({ baseline, seeds, equalTrainedTokens, evaluateEvery }: Comparison): string[] {
  return [
    'Losses are means in nats a token; lower is better.',
    seeds === 1 ? 'One seed: nothing is known of the spread.' : `Each figure is the mean of ${seeds} seeds (lowest to highest): what was seen, not a confidence interval.`,
    'Equal consumed tokens: after the last step.',
    `Equal trained tokens: once trained on ${tokensText(equalTrainedTokens)} tokens, for each seed the fewest that one of its runs was trained on in all. ` +
      'A run that was trained on more is read on its way there, before its learning rate has come down.',
    ...(baseline === null ? [] : [`Steps to ${baseline}: when the loss first is as low as that of ${quoted(baseline)} with the same seed at its end.`]),
    `Between evaluations, every ${counted(evaluateEvery, 'step')}, values are interpolated linearly.`,
    'The figures are of this model, this data and this length of training.',
  ];
}

function headingOf({ name }: ComparedSet, sets: number): string {
  return sets === 1 ? `Held-out set ${quoted(name)}` : `## ${quoted(name)}`;
}

const listText = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join('\n');

/** A name as code, on one line and without what would end it. */
function quoted(name: string): string {
  return `\`${name.replace(/[\s`|]+/g, ' ')}\``;
}

/** Rows of cells, the first of them the header, as a Markdown table with its columns padded. */
function tableText(rows: readonly (readonly string[])[]): string {
  const plain = rows.map((row) => row.map((cell) => cell.replace(/[\s|]+/g, ' ')));
  const widths = plain[0]!.map((_, column) => Math.max(...plain.map((row) => row[column]!.length)));
  const [header, ...body] = plain.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`);
  return [header, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...body].join('\n');
}

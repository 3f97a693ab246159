import { worstFirst } from '../audit/distance.js';
import { withShortHashes } from '../audit/report/visible-text.js';
import type { AuditReport, Distance, DriftLevel, JoinCounts, LossStats, SampledDocument } from '../audit/report-data.js';
import { countText, durationText } from './number-text.js';
import { oneLine, terminalText } from './terminal-text.js';

const ID_CHARACTERS = 40;
const EXCERPT_CHARACTERS = 56;
const SHOWN = 5;
const SOURCES = 10;

const nats = (value: number | null): string => (value === null ? '-' : value.toFixed(4));
const percent = (value: number | null): string => (value === null ? '-' : `${(100 * value).toFixed(1)} %`);

/** The report in a screenful, for a terminal. */
export function auditText(report: AuditReport): string {
  const { completeness, distribution, drift, notes } = report;
  const { documents, work } = completeness;
  const { overall } = distribution;
  const lines = [
    `state      ${stateText(report)}`,
    `documents  ${documents.read} read = ${documents.scored} scored + ${documents.quarantined} quarantined + ${documents.skipped} skipped${completeness.state === 'complete' ? '' : ', by the records of the units'}`,
    ...readText(completeness),
    `tokens     ${overall.tokens}, of them ${overall.scored} scored, ${completeness.nonfinite} non-finite`,
    `loss       mean ${nats(overall.mean)} nats, median ${nats(overall.percentiles?.p50 ?? null)}, 99th percentile ${nats(overall.percentiles?.p99 ?? null)}; ${percent(overall.nearZeroShare)} near 0, ${percent(overall.aboveUniformShare)} above ln V`,
    `time       ${durationText(work.seconds)} of scoring${work.tokensPerSecond === null ? '' : `, ${countText(work.tokensPerSecond)} tok/s`}`,
  ];
  for (const { level, message } of completeness.problems.slice(0, SHOWN)) lines.push(`${level.padEnd(10)} ${terminalText(message)}`);
  if (completeness.problemCount > SHOWN) lines.push(`           and ${completeness.problemCount - SHOWN} more problems`);
  for (const note of notes) lines.push(`note       ${terminalText(note)}`);
  lines.push('', 'source (mean, median, near 0, above ln V)', ...distribution.bySource.slice(0, SOURCES).map(sourceLine));
  if (distribution.bySource.length > SOURCES) lines.push(`  and ${distribution.sources.count - SOURCES} more`);
  if (drift !== null) {
    lines.push('', `drift      ${LEVEL_WORDS[drift.level]}: ${distanceText(drift.overall)} against ${terminalText(drift.earlier.run)}`);
    const [worst] = worstFirst(drift.bySource);
    if (worst !== undefined && worst.level !== 'too-few') lines.push(`worst      ${oneLine(worst.source, ID_CHARACTERS)}, ${LEVEL_WORDS[worst.level]}: ${distanceText(worst)}`);
    for (const { what, earlier, now } of drift.changes) lines.push(`changed    ${what}: ${terminalText(withShortHashes(earlier))} -> ${terminalText(withShortHashes(now))}`);
    const { unchanged, changed, new: added, removed } = drift.documents;
    lines.push(`documents  ${unchanged} unchanged, ${changed} changed, ${added} new, ${removed} removed`);
  }
  lines.push(...dynamicsLines(report), ...excessLines(report));
  if (report.documents.noisiest.length > 0) lines.push('', 'noisiest documents (mean loss in nats)', ...report.documents.noisiest.slice(0, SHOWN).map(documentLine));
  return `${lines.join('\n')}\n`;
}

const LEVEL_WORDS: Readonly<Record<DriftLevel, string>> = { ok: 'ok', watch: 'watch', alarm: 'ALARM', 'too-few': 'too few tokens to tell' };

function distanceText({ psi, wasserstein, level }: Pick<Distance, 'psi' | 'wasserstein' | 'level'>): string {
  return `psi ${nats(psi)}, Wasserstein ${nats(wasserstein)} nats${level === 'too-few' && psi !== null ? ', which may be chance' : ''}`;
}

/** How much of what the records say could be read: all below is of that. */
function readText({ rows, tokens, recorded }: AuditReport['completeness']): string[] {
  return tokens === recorded.tokens ? [] : [`read       ${rows} of ${recorded.rows} rows, ${tokens} of ${recorded.tokens} tokens: the numbers below are of these`];
}

function stateText({ completeness: { state, units } }: AuditReport): string {
  if (state === 'complete') return `complete, ${units.committed} unit${units.committed === 1 ? '' : 's'}`;
  return `${state.toUpperCase()}: ${units.committed} of ${units.planned} units committed, ${units.audited} read whole`;
}

/** What was asked with --dynamics. */
function dynamicsLines({ dynamics }: AuditReport): string[] {
  if (dynamics.kind === 'reference') return [];
  const shares = dynamics.categories.map(({ category, share }) => `${category} ${percent(share)}`).join(', ');
  return ['', `dynamics   ${shares}; of ${dynamics.tokens} tokens at ${dynamics.checkpoints.length} checkpoints${unmatched(dynamics.joined)}`];
}

/** What was asked with --live. */
function excessLines({ excess }: AuditReport): string[] {
  if (excess === null) return [];
  return [
    '',
    `excess     mean ${nats(excess.mean)} nats, above 0 for ${percent(excess.positiveShare)} of ${excess.tokens} tokens, against ${terminalText(excess.live.run)}${unmatched(excess.joined)}`,
    ...excess.selections.map(({ keepFraction, meanExcess }) => `${`keep ${keepFraction}`.padEnd(10)} mean excess of the kept ${nats(meanExcess.kept)} nats, of the dropped ${nats(meanExcess.dropped)}`),
  ];
}

function unmatched({ unmatched: documents }: JoinCounts): string {
  return documents === 0 ? '' : `; ${documents} document${documents === 1 ? '' : 's'} without a match`;
}

function sourceLine(stats: LossStats & { readonly source: string }): string {
  const { mean, percentiles, nearZeroShare, aboveUniformShare, tokens, source } = stats;
  return `  ${nats(mean).padStart(8)} ${nats(percentiles?.p50 ?? null).padStart(8)} ${percent(nearZeroShare).padStart(7)} ${percent(aboveUniformShare).padStart(7)}  ${countText(tokens).padStart(7)} tokens  ${oneLine(source, ID_CHARACTERS)}`;
}

function documentLine({ id, meanLoss, tokens, text }: SampledDocument): string {
  return `  ${(meanLoss ?? NaN).toFixed(2).padStart(5)}  ${String(tokens).padStart(6)} tokens  ${oneLine(id, ID_CHARACTERS)}  "${oneLine(text.pieces.join(''), EXCERPT_CHARACTERS)}"`;
}

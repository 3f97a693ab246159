import { escaped } from '../../charts/markup.js';
import { worstFirst } from '../distance.js';
import type { AuditReport, SourceStats } from '../report-data.js';
import { countText, indexText, natsText, percentText } from './number-text.js';
import { counted, levelMark, type Level } from './section.js';
import { plainText } from './visible-text.js';

/** A question people open the report with, and its answer. */
export interface Verdict {
  readonly question: string;
  readonly level: Level;
  /** Two or three words. */
  readonly answer: string;
  /** A sentence or two; plain text. */
  readonly detail: string;
  /** Section that says more. */
  readonly section: string;
}

/** Scored tokens that let a source be called the noisiest. */
export const LEAST_SOURCE_TOKENS = 1000;

export function verdicts(report: AuditReport): readonly Verdict[] {
  return [completenessVerdict(report), checksVerdict(report), driftVerdict(report), sourceVerdict(report)];
}

function completenessVerdict({ completeness }: AuditReport): Verdict {
  const { state, units, documents, problems, problemCount } = completeness;
  const base = { question: 'Is the run complete?', section: 'run' };
  const accounts = `${counted(documents.read, 'document')} read, ${countText(documents.scored)} scored.`;
  if (state === 'damaged') return { ...base, level: 'alarm', answer: 'Damaged', detail: `${counted(problemCount, 'fault')}, listed above. ${accounts}` };
  if (state === 'unfinished') return { ...base, level: 'alarm', answer: 'Unfinished', detail: `${unfinishedText(units)} ${accounts}` };
  const left = documents.quarantined + documents.skipped;
  return {
    ...base,
    level: problems.length === 0 ? 'ok' : 'watch',
    answer: problems.length === 0 ? 'Complete' : 'Complete, with warnings',
    detail: `${units.planned === 1 ? 'Its one unit' : `All ${countText(units.planned)} units`}. ${accounts}${left === 0 ? '' : ` ${countText(documents.quarantined)} quarantined, ${countText(documents.skipped)} skipped.`}`,
  };
}

function unfinishedText({ committed, planned }: AuditReport['completeness']['units']): string {
  return committed < planned ? `${countText(committed)} of ${counted(planned, 'unit')} committed.` : 'All units are committed, but the manifest was never written; touchstone finalize writes it.';
}

function checksVerdict({ checks }: AuditReport): Verdict {
  const base = { question: 'Did it pass its thresholds?', section: 'thresholds' };
  const failed = checks.filter((check) => check.failed);
  if (checks.length === 0) return { ...base, level: 'none', answer: 'None were set', detail: 'Conditions given with --fail-on are tested here.' };
  if (failed.length === 0) return { ...base, level: 'ok', answer: 'Passed', detail: checks.length === 1 ? 'Its one condition did not come true.' : `None of ${countText(checks.length)} conditions came true.` };
  return { ...base, level: 'alarm', answer: `${countText(failed.length)} of ${countText(checks.length)} failed`, detail: failed.map(({ condition }) => plainText(condition)).join(', ') };
}

function driftVerdict({ drift }: AuditReport): Verdict {
  const base = { question: 'Does it differ from the earlier run?', section: 'drift' };
  if (drift === null) return { ...base, level: 'none', answer: 'Not compared', detail: 'A run given with --compare is compared here.' };
  const moved = worstFirst(drift.bySource).filter(({ level }) => level === 'alarm' || level === 'watch');
  const where = moved.length === 0 ? '' : ` Moved most: ${moved.slice(0, 3).map(({ source }) => plainText(source)).join(', ')}${moved.length > 3 ? ` and ${countText(moved.length - 3)} more` : ''}.`;
  const { psi, wasserstein, earlier, now } = drift.overall;
  const distance = `Mean ${natsText(earlier.mean)} nats before, ${natsText(now.mean)} now; PSI ${indexText(psi)}, Wasserstein ${natsText(wasserstein)} nats.`;
  const other = drift.changes.find(({ level }) => level === 'alarm');
  if (other !== undefined) return { ...base, level: 'alarm', answer: 'Not the same measure', detail: `${capitalized(other.what)} changed. ${distance}` };
  if (drift.level === 'too-few') return { ...base, level: 'none', answer: 'Too few tokens to tell', detail: distance };
  const answers = { ok: 'No', watch: 'Somewhat', alarm: 'Yes, it drifted' };
  return { ...base, level: drift.level, answer: answers[drift.level], detail: `${distance}${where}` };
}

function sourceVerdict({ distribution }: AuditReport): Verdict {
  const base = { question: 'Which source is the noisiest?', section: 'distribution', level: 'none' as const };
  const ranked = noisiestFirst(distribution.bySource).filter(({ scored, others }) => scored >= LEAST_SOURCE_TOKENS && !others);
  const [noisiest] = ranked;
  if (noisiest === undefined) return { ...base, answer: 'Too few tokens to tell', detail: `No source has ${countText(LEAST_SOURCE_TOKENS)} tokens with a loss.` };
  const name = plainText(noisiest.source);
  if (distribution.sources.count === 1) return { ...base, answer: name, detail: `The only source. Mean loss ${natsText(noisiest.mean)} nats.` };
  return {
    ...base,
    answer: name,
    detail: `Mean loss ${natsText(noisiest.mean)} nats; ${natsText(distribution.overall.mean)} over the whole run. ${percentText(noisiest.aboveUniformShare)} of its tokens do worse than a blind guess.`,
  };
}

/** By mean loss, the highest first; the sum of unlisted sources last. */
export function noisiestFirst(sources: readonly SourceStats[]): readonly SourceStats[] {
  return sources.toSorted((a, b) => Number(a.others) - Number(b.others) || (b.mean ?? -Infinity) - (a.mean ?? -Infinity));
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function verdictCards(list: readonly Verdict[]): string {
  const cards = list.map(
    ({ question, level, answer, detail, section }) =>
      `<li><a href="#${section}">${escaped(question)}</a><p class="answer">${level === 'none' ? `<span class="level none">${escaped(answer)}</span>` : levelMark(level, answer)}</p><p>${escaped(detail)}</p></li>`,
  );
  return `<ul class="verdicts">${cards.join('')}</ul>`;
}

/** The banner above everything where a run is not whole; nothing where it is. */
export function banner({ completeness }: AuditReport): string {
  const { state, problems, problemCount, units } = completeness;
  if (state === 'complete' && problems.length === 0) return '';
  const heading = state === 'damaged' ? 'This run is damaged: its numbers are of what could be read.' : state === 'unfinished' ? `This run is not finished: its numbers are of what is committed. ${unfinishedText(units)}` : 'This run is complete, with warnings.';
  const items = problems.map(({ level, message }) => `<li>${levelMark(level, level)} ${escaped(plainText(message))}</li>`);
  return `<div class="banner ${state === 'complete' ? 'watch' : 'alarm'}" role="alert"><p>${heading}</p>${items.length === 0 ? '' : `<ul>${items.join('')}</ul>`}${problemCount > problems.length ? `<p>${countText(problemCount - problems.length)} more faults are not listed.</p>` : ''}</div>`;
}

import type { CorpusChange } from '../scoring/corpus-change.js';
import type { ScoreResult, TaskResult } from '../scoring/score.js';
import type { ScoreSummary } from '../scoring/summary.js';
import { calibrationText, computationText } from './computation-text.js';
import { bytesText, counted, countText, durationText } from './number-text.js';
import { oneLine } from './terminal-text.js';

const EXCERPT_CHARACTERS = 56;
const ID_CHARACTERS = 40;

/** The end of a run in a few lines, for people. */
export function summaryText(summary: ScoreSummary, { unitsScored, wallSeconds, change }: Pick<ScoreResult, 'unitsScored' | 'wallSeconds' | 'change'>): string {
  const { documents, meanLoss, noisiest, shards } = summary;
  const leftOut = documents.quarantined + documents.skipped;
  const lines = [
    '',
    `documents  ${documents.read} read = ${documents.scored} scored + ${documents.quarantined} quarantined + ${documents.skipped} skipped`,
    `tokens     ${summary.tokens}, of them ${summary.scored} scored${summary.nonfinite > 0 ? `, ${summary.nonfinite} with a non-finite loss (stored as NaN)` : ''}`,
    `mean loss  ${meanLoss === null ? 'none' : `${meanLoss.toFixed(4)} nats, perplexity ${Math.exp(meanLoss).toPrecision(4)}`}`,
    `computed   ${computationText(summary.computation.precision, summary.computation.devices)}`,
    ...(summary.computation.calibration === undefined ? [] : [`error      ${calibrationText(summary.computation.precision, summary.computation.calibration)}`]),
    ...(change === null ? [] : reuseLines(summary, change)),
    `time       ${durationText(wallSeconds)}, ${workText(summary, unitsScored)}`,
  ];
  if (summary.layout === 'packed') lines.push('           (of packed rows: an EOS after each document counts and is scored, the fill at the very end counts and is not)');
  const { cutShort } = summary;
  if (cutShort.length > 0) {
    const files = cutShort.length === 1 ? '1 file was cut short' : `${cutShort.length} files were cut short`;
    lines.push(`warning    ${files}, such as ${cutShort.slice(0, 3).map((file) => oneLine(file, ID_CHARACTERS)).join(', ')}: what follows in them is unknown`);
  }
  if (summary.duplicateIds.count > 0) {
    lines.push(`warning    ${summary.duplicateIds.count === 1 ? '1 row repeats' : `${summary.duplicateIds.count} rows repeat`} the id of an earlier row, such as ${summary.duplicateIds.examples.slice(0, 3).map((id) => oneLine(id, ID_CHARACTERS)).join(', ')}`);
  }
  if (noisiest.length > 0) {
    lines.push('', 'noisiest documents (mean loss in nats)');
    const ids = noisiest.map(({ id }) => oneLine(id, ID_CHARACTERS));
    const width = Math.max(...ids.map((id) => id.length));
    for (const [at, { meanLoss: loss, tokens, excerpt }] of noisiest.entries()) {
      lines.push(`  ${loss.toFixed(2).padStart(5)}  ${String(tokens).padStart(6)} tokens  ${ids[at]!.padEnd(width)}  "${oneLine(excerpt, EXCERPT_CHARACTERS)}"`);
    }
  }
  lines.push('', `${summary.run}/manifest.json, ${shards.length} Parquet ${shards.length === 1 ? 'file' : 'files'} (${bytesText(summary.bytes)}):`);
  for (const path of shards.slice(0, 3)) lines.push(`  ${summary.run}/${path}`);
  if (shards.length > 3) lines.push(`  ... and ${shards.length - 3} more`);
  if (leftOut > 0) lines.push(`why ${leftOut} ${leftOut === 1 ? 'document was' : 'documents were'} left out: ${summary.run}/quarantine/*.jsonl`);
  return `${lines.join('\n')}\n`;
}

function workText({ tokensPerSecond, paddingShare }: ScoreSummary, unitsScored: number): string {
  if (unitsScored === 0) return 'nothing was left to score';
  return tokensPerSecond === null ? 'no token had to be computed' : `${countText(tokensPerSecond)} tok/s while scoring, ${(100 * paddingShare).toFixed(1)} % padding`;
}

/** What was copied from earlier runs, and what became of the corpus since. */
function reuseLines({ reused }: ScoreSummary, change: CorpusChange): string[] {
  const part = (name: keyof CorpusChange): string => `${change[name].documents} ${name} (${change[name].tokens} ${change[name].tokens === 1 ? 'token' : 'tokens'})`;
  return [
    `reused     ${reused.documents} ${reused.documents === 1 ? 'document' : 'documents'}, ${reused.tokens} ${reused.tokens === 1 ? 'token' : 'tokens'}`,
    `changes    ${part('new')}, ${part('changed')}, ${part('unchanged')}; of the earlier documents ${part('gone')}`,
  ];
}

/** The end of a command whose slice is done in a run that is not. */
export function taskText(run: string, { slice, missing, unitsScored, wallSeconds, prepared }: TaskResult): string {
  const units = slice.end - slice.start;
  const which = units === 0 ? 'the slice holds no units' : units === 1 ? `unit ${slice.start} is done` : `units ${slice.start} to ${slice.end - 1} are done`;
  const lines = [
    '',
    `task       ${which}, ${unitsScored} of them scored by this command in ${durationText(wallSeconds)}`,
    `run        ${missing.length} of ${counted(prepared.plan.corpus.units.length, 'unit')} ${missing.length === 1 ? 'is' : 'are'} missing; the command that scores the last writes ${run}/manifest.json`,
  ];
  return `${lines.join('\n')}\n`;
}

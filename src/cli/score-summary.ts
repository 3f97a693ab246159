import type { ScoreResult } from '../scoring/score.js';
import type { ScoreSummary } from '../scoring/summary.js';
import { bytesText, countText, durationText } from './number-text.js';

const EXCERPT_CHARACTERS = 56;

/** The end of a run in a few lines, for people. */
export function summaryText(summary: ScoreSummary, { unitsScored, wallSeconds, commits }: Pick<ScoreResult, 'unitsScored' | 'wallSeconds' | 'commits'>): string {
  const { documents, meanLoss, noisiest, shards } = summary;
  const leftOut = documents.quarantined + documents.skipped;
  const seconds = commits.reduce((sum, commit) => sum + commit.seconds, 0);
  const lines = [
    '',
    `documents  ${documents.read} read = ${documents.scored} scored + ${documents.quarantined} quarantined + ${documents.skipped} skipped`,
    `tokens     ${summary.tokens}, of them ${summary.scored} scored${summary.nonfinite > 0 ? `, ${summary.nonfinite} with a non-finite loss (stored as NaN)` : ''}`,
    `mean loss  ${meanLoss === null ? 'none' : `${meanLoss.toFixed(4)} nats, perplexity ${Math.exp(meanLoss).toPrecision(4)}`}`,
    `time       ${durationText(wallSeconds)}${unitsScored > 0 ? `, ${countText(summary.scored / seconds)} tok/s while scoring, ${(100 * summary.paddingShare).toFixed(1)} % padding` : ', nothing was left to score'}`,
  ];
  if (summary.duplicateIds.count > 0) {
    lines.push(`warning    ${summary.duplicateIds.count} rows repeat the id of an earlier row, such as ${summary.duplicateIds.examples.slice(0, 3).join(', ')}`);
  }
  if (noisiest.length > 0) {
    lines.push('', 'noisiest documents (mean loss in nats)');
    const width = Math.max(...noisiest.map(({ id }) => id.length));
    for (const { meanLoss: loss, tokens, id, excerpt } of noisiest) {
      lines.push(`  ${loss.toFixed(2).padStart(5)}  ${String(tokens).padStart(6)} tokens  ${id.padEnd(width)}  ${oneLine(excerpt)}`);
    }
  }
  lines.push('', `${summary.run}/manifest.json, ${shards.length} Parquet ${shards.length === 1 ? 'file' : 'files'} (${bytesText(summary.bytes)}):`);
  for (const path of shards.slice(0, 3)) lines.push(`  ${summary.run}/${path}`);
  if (shards.length > 3) lines.push(`  ... and ${shards.length - 3} more`);
  if (leftOut > 0) lines.push(`why ${leftOut} documents were left out: ${summary.run}/quarantine/*.jsonl`);
  return `${lines.join('\n')}\n`;
}

/** Corpus text made safe for a terminal: one line, control and bidirectional characters as escapes. */
function oneLine(text: string): string {
  const visible = text.replace(/\s+/g, ' ').replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
  const characters = Array.from(visible); // by code point, so that none is cut in two
  return JSON.stringify(characters.length > EXCERPT_CHARACTERS ? `${characters.slice(0, EXCERPT_CHARACTERS).join('')}…` : visible);
}

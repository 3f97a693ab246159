import type { AuditedRun } from './audited-run.js';
import { shortName } from './document-strips.js';
import { KeyTable, textKey } from './key-table.js';
import { PairedTally } from './paired-deltas.js';
import type { DocumentChanges, PairedDeltas } from './report-data/drift.js';
import { TABLE_ROWS, matchTexts, type RowBits } from './text-match.js';

/** Matches the rows of two runs by their text, and those left by their id; memory as matchTexts. */
export async function compareDocuments(earlier: AuditedRun, now: AuditedRun, tableRows = TABLE_ROWS): Promise<{ readonly documents: DocumentChanges; readonly paired: PairedDeltas }> {
  const paired = new PairedTally();
  const match = await matchTexts(earlier, now, tableRows, (before, after) => {
    if (before.scored === 0 || after.scored === 0) return;
    const means = { earlier: before.lossSum / before.scored, now: after.lossSum / after.scored };
    paired.add(means, () => ({ id: shortName(after.id), source: shortName(after.source), tokens: after.tokens }));
  });
  const counts = { earlier: match.first.rows, now: match.second.rows, unchanged: match.matched };
  const changed = counts.now > match.matched ? await countSameIds(earlier, match.first, now, match.second, Math.ceil((counts.earlier - match.matched) / tableRows)) : 0;
  const left = match.matched + changed;
  return { documents: { ...counts, changed, new: counts.now - left, removed: counts.earlier - left }, paired: paired.deltas() };
}

/** Rows that are not `matched` and have an id that such a row of the other run has. */
async function countSameIds(earlier: AuditedRun, matchedEarlier: RowBits, now: AuditedRun, matchedNow: RowBits, parts: number): Promise<number> {
  let count = 0;
  for (let part = 0; part < parts; part++) {
    const table = new KeyTable();
    for await (const key of unmatchedIds(earlier, matchedEarlier)) if (key % parts === part) table.add(key);
    for await (const key of unmatchedIds(now, matchedNow)) if (key % parts === part && table.take(key) >= 0) count++;
  }
  return count;
}

async function* unmatchedIds(run: AuditedRun, matched: RowBits): AsyncGenerator<number, void, undefined> {
  let at = 0;
  for await (const { columns, rows } of run.rowGroups(['doc_id'])) {
    for (let row = 0; row < rows; row++, at++) if (!matched.has(at)) yield textKey(columns.doc_id[row]!);
  }
}

import { TouchstoneError } from '../errors.js';
import type { SomeColumns } from '../store/row-group.js';
import type { ScoreSetRowGroup } from '../store/score-set.js';
import type { AuditedRun } from './audited-run.js';
import type { JoinCounts } from './report-data/dynamics.js';
import { matchTexts, type TextMatch } from './text-match.js';

type JoinColumns = 'doc_id' | 'source' | 'doc_hash' | 'token_ids' | 'ref_loss';
type JoinGroup = ScoreSetRowGroup<SomeColumns<JoinColumns>>;

/** A document that several runs have. The arrays are views, valid until the next document. */
export interface JoinedDocument {
  readonly id: string;
  readonly source: string;
  /** Its place in the audited run. */
  readonly unit: number;
  readonly rowGroup: number;
  readonly row: number;
  /** (tokens) */
  readonly tokenIds: Int32Array;
  /** (runs) of (tokens): nats, NaN = not scored; in the order of the runs, the audited one first. */
  readonly losses: readonly Float32Array[];
}

/** The documents that every one of several runs has, with the same tokens. */
export interface Join {
  /** In the order of the audited run, however often. Memory: one row group of each run. Throws a data error where another run has them in another order. */
  documents(): AsyncGenerator<JoinedDocument, void, undefined>;
  /** What was joined, after `documents` has been read to its end. */
  counts(): JoinCounts;
}

/** Joins runs with the audited one by doc_hash. Throws a mismatch for a run of another tokenizer or layout, whose losses are about other tokens, and for one without a document in common. */
export async function joinRuns(audited: AuditedRun, others: readonly AuditedRun[]): Promise<Join> {
  for (const other of others) refuseOtherTokens(audited, other);
  const matches: TextMatch[] = [];
  for (const other of others) {
    const match = await matchTexts(audited, other);
    if (match.matched === 0) throw new TouchstoneError('mismatch', `${other.run} must hold documents of ${audited.run}, it has none of them`, { advice: 'Score the same corpus with both models; documents are matched by the hash of their text.' });
    matches.push(match);
  }
  let counts: JoinCounts = { documents: 0, tokens: 0, unmatched: 0 };

  async function* documents(): AsyncGenerator<JoinedDocument, void, undefined> {
    const tally = { documents: 0, tokens: 0, unmatched: 0 };
    const cursors = others.map((other, i) => matchedRows(other, matches[i]!));
    let at = 0;
    try {
      for await (const group of audited.rowGroups<JoinColumns>(['doc_id', 'source', 'doc_hash', 'token_ids', 'ref_loss'])) {
        for (let row = 0; row < group.rows; row++, at++) {
          const tokenIds = cut(group.columns.token_ids, group, row);
          const losses: Float32Array[] = [cut(group.columns.ref_loss, group, row)];
          for (const [i, cursor] of cursors.entries()) {
            // Also where another run lacks the document: each run's matched rows are gone through one by one.
            if (!matches[i]!.first.has(at)) continue;
            const found = await cursor.next();
            if (found.done === true || found.value.group.columns.doc_hash[found.value.row] !== group.columns.doc_hash[row]) throw otherOrder(others[i]!, group.columns.doc_id[row]!);
            const { group: theirs, row: theirRow } = found.value;
            if (sameTokens(tokenIds, cut(theirs.columns.token_ids, theirs, theirRow))) losses.push(cut(theirs.columns.ref_loss, theirs, theirRow));
          }
          if (losses.length <= others.length) {
            tally.unmatched++;
            continue;
          }
          tally.documents++;
          tally.tokens += tokenIds.length;
          yield { id: group.columns.doc_id[row]!, source: group.columns.source[row]!, unit: group.unit, rowGroup: group.index, row: group.firstRow + row, tokenIds, losses };
        }
      }
      counts = tally;
    } finally {
      for (const cursor of cursors) await cursor.return();
    }
  }

  return { documents, counts: () => counts };
}

/** The rows of a run that match a row of the audited one, in order. */
async function* matchedRows(run: AuditedRun, { second }: TextMatch): AsyncGenerator<{ readonly group: JoinGroup; readonly row: number }, void, undefined> {
  let at = 0;
  for await (const group of run.rowGroups<JoinColumns>(['doc_id', 'source', 'doc_hash', 'token_ids', 'ref_loss'])) {
    for (let row = 0; row < group.rows; row++, at++) if (second.has(at)) yield { group, row };
  }
}

function cut<A extends Int32Array | Float32Array>(values: A, { offsets }: JoinGroup, row: number): A {
  return values.subarray(offsets[row], offsets[row + 1]) as A;
}

function sameTokens(a: Int32Array, b: Int32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function refuseOtherTokens(audited: AuditedRun, other: AuditedRun): void {
  const keys = [['tokenizer', audited.plan.tokenizer.hash, other.plan.tokenizer.hash], ['layout', audited.plan.windows.layout, other.plan.windows.layout]] as const;
  for (const [what, mine, theirs] of keys) {
    if (mine === theirs) continue;
    throw new TouchstoneError('mismatch', `${other.run} must have the ${what} of ${audited.run}, ${mine}, it has ${theirs}`, { advice: 'Losses can be compared token by token only where the tokens are the same.' });
  }
}

function otherOrder(other: AuditedRun, id: string): TouchstoneError {
  return new TouchstoneError('data', `${other.run} must have its documents in the order of the audited run, it has another one at ${JSON.stringify(id)}`, {
    advice: 'Score both runs from the same files in the same order.',
  });
}

import { join } from 'node:path';
import { openShard } from '../store/reader.js';
import { rowsOf, type Row } from '../store/row-group.js';
import type { AuditedRun } from './audited-run.js';
import type { PickedRow, Picks } from './document-picks.js';
import {
  LEAST_TOKENS, NAME_CHARACTERS, PIECE_CHARACTERS, SHOWN_CHARACTERS, SHOWN_TOKENS, type SampledDocument, type SampledDocuments, type TokenStrip,
} from './report-data/documents.js';
import { beginsWindow, prefixTokens } from './token-places.js';
import { cutText, piecesOf } from './token-pieces.js';
import type { VocabularyText } from './vocabulary-text.js';

/** Live losses and a selection over a document, for those who show it. */
export interface ExcessStrip {
  /** (tokens) Live minus reference loss, nats; NaN = one of them is missing. */
  readonly excess: Float32Array;
  /** (tokens) 1 = kept. */
  readonly kept: Uint8Array;
}

/** Names a row within a run. */
export function rowKey({ unit, row }: { readonly unit: number; readonly row: number }): string {
  return `${unit}/${row}`;
}

/** Reads the picked rows, each row group once, and cuts them to what a report shows. */
export async function sampleDocuments(
  run: AuditedRun,
  picks: Picks,
  vocabulary: VocabularyText | null,
  seed: string,
  excess: ReadonlyMap<string, ExcessStrip>,
): Promise<SampledDocuments> {
  const rows = await readRows(run, [...picks.noisiest, ...picks.quietest, ...picks.random]);
  const shown = (list: readonly PickedRow[]): SampledDocument[] => list.map((pick) => sampledDocument(run, pick, rows.get(rowKey(pick))!, vocabulary, excess.get(rowKey(pick))));
  return {
    noisiest: shown(picks.noisiest),
    quietest: shown(picks.quietest),
    random: shown(picks.random),
    leastTokens: LEAST_TOKENS,
    candidates: picks.candidates,
    documents: picks.documents,
    seed,
    hasText: vocabulary !== null,
  };
}

async function readRows(run: AuditedRun, picks: readonly PickedRow[]): Promise<Map<string, Row>> {
  const groups = new Map<string, PickedRow[]>();
  for (const pick of picks) {
    const key = `${pick.unit}/${pick.rowGroup}`;
    groups.set(key, [...(groups.get(key) ?? []), pick]);
  }
  const rows = new Map<string, Row>();
  for (const wanted of groups.values()) {
    const { unit, rowGroup } = wanted[0]!;
    const shard = await openShard(join(run.run, run.units.find((candidate) => candidate.unit === unit)!.path));
    try {
      const group = await shard.readRowGroup(rowGroup);
      let at = 0;
      for (const row of rowsOf(group)) {
        for (const pick of wanted) if (pick.rowInGroup === at) rows.set(rowKey(pick), copyOf(row));
        at++;
      }
    } finally {
      await shard.close();
    }
  }
  return rows;
}

/** The row without the arrays of its row group. */
function copyOf(row: Row): Row {
  const { token_ids: ids, ref_loss: losses, entropy, doc_starts: starts } = row;
  const short = SHOWN_TOKENS;
  return {
    ...row,
    token_ids: ids.slice(0, short),
    ref_loss: losses.slice(0, short),
    ...(entropy === undefined ? {} : { entropy: entropy.slice(0, short) }),
    ...(starts === undefined ? {} : { doc_starts: starts.slice() }),
  };
}

function sampledDocument(run: AuditedRun, pick: PickedRow, row: Row, vocabulary: VocabularyText | null, excess: ExcessStrip | undefined): SampledDocument {
  const starts = [...(row.doc_starts ?? [])];
  const whole = vocabulary === null ? [...row.token_ids].map((id) => `#${id}`) : piecesOf(row.token_ids, vocabulary, row.doc_starts === undefined ? [0] : starts);
  const shown = shownTokens(whole);
  const ids = row.token_ids.slice(0, shown);
  const indices = (holds: (id: number, at: number) => boolean): number[] => [...ids.keys()].filter((at) => holds(ids[at]!, at));
  const prefix = prefixTokens(run.plan);
  const text: TokenStrip = {
    ids: [...ids],
    pieces: whole.slice(0, shown).map((piece) => cutText(piece, PIECE_CHARACTERS)),
    losses: rounded(row.ref_loss.subarray(0, shown)),
    entropies: row.entropy === undefined ? null : rounded(row.entropy.subarray(0, shown)),
    excess: excess === undefined ? null : rounded(excess.excess.subarray(0, shown)),
    kept: excess === undefined ? null : [...excess.kept.subarray(0, shown)].map((kept) => (kept === 1 ? 1 : 0)),
    special: vocabulary === null ? [] : indices((id) => vocabulary.classOf(id) === 'special'),
    partial: vocabulary === null ? [] : indices((id) => vocabulary.classOf(id) === 'bytes'),
    windowStarts: indices((_, at) => beginsWindow(at, run.plan, prefix)),
    documentStarts: starts.filter((start) => start < shown),
    cutPieces: indices((_, at) => whole[at]!.length > PIECE_CHARACTERS),
  };
  return {
    id: shortName(row.doc_id),
    source: shortName(row.source),
    docHash: row.doc_hash,
    unit: pick.unit,
    row: pick.row,
    tokens: row.n_tokens,
    scored: row.n_scored,
    meanLoss: row.n_scored === 0 ? null : row.loss_sum / row.n_scored,
    shown,
    text,
  };
}

/** How many tokens fit: their pieces have SHOWN_CHARACTERS together at most. */
function shownTokens(pieces: readonly string[]): number {
  let characters = 0;
  for (const [at, piece] of pieces.entries()) {
    characters += Math.min(piece.length, PIECE_CHARACTERS);
    if (characters > SHOWN_CHARACTERS) return at;
  }
  return pieces.length;
}

/** Four decimals; null for what is not finite. */
export function rounded(values: Float32Array): (number | null)[] {
  return Array.from(values, (value) => (Number.isFinite(value) ? Math.round(value * 1e4) / 1e4 : null));
}

/** An id or a source as a report gives it. */
export function shortName(name: string): string {
  const short = cutText(name, NAME_CHARACTERS);
  return short.length === name.length ? name : `${short}…`;
}

import { assertUnchanged } from '../../corpus/corpus-file.js';
import { readUnit } from '../../corpus/read-unit.js';
import { TouchstoneError } from '../../errors.js';
import { createRandom } from '../../math/random.js';
import type { Document, TokenizedDocument } from '../../records.js';
import { planHash, prefixId, type Plan } from '../../run/plan.js';
import { inTurn } from '../../stream/in-turn.js';
import { packRows } from '../../windows/pack.js';
import { packOptions } from '../batching.js';
import type { Prepared } from '../prepare.js';

/** Enough for a mean error to two digits: the spread of errors is some times their mean, and documents are some hundred. */
export const SAMPLE_TOKENS = 1 << 15;
/** Units that are looked into; each is a place in the corpus. */
const MOST_UNITS = 16;
/** Of a unit, what is read from its start on to draw documents from. */
const MOST_DOCUMENTS = 4096;
const MOST_CHARACTERS = 1 << 22;

export interface Sample {
  readonly documents: number;
  readonly tokens: number;
  /** What is scored: the documents, or packed rows of them. */
  readonly sequences: readonly TokenizedDocument[];
}

export type Sampled = Pick<Prepared, 'plan' | 'files' | 'units' | 'tokenizer'>;

/**
 * Documents to compare precisions on, about SAMPLE_TOKENS tokens in all and fewer where the corpus has no more: drawn from the beginnings of units that are drawn
 * from all, by the hash of the plan, so that the same run has the same sample wherever it is measured. Of a long document its first two windows. Texts that
 * the tokenizer refuses are passed over; scoring puts them into quarantine. Memory: the texts of one unit's beginning.
 * @throws TouchstoneError if a file is not the one that was planned
 */
export async function drawSample({ plan, files, units, tokenizer }: Sampled, signal?: AbortSignal): Promise<Sample> {
  const random = createRandom(`calibration/${planHash(plan)}`);
  const drawn = random.shuffled(units.map((_, unit) => unit)).slice(0, MOST_UNITS).sort((a, b) => a - b);
  const longest = plan.windows.contextLength + plan.windows.stride - (prefixId(plan) === null ? 0 : 1);
  const documents: TokenizedDocument[] = [];
  let tokens = 0;
  for (const [at, unit] of drawn.entries()) {
    const enough = tokens + (SAMPLE_TOKENS - tokens) / (drawn.length - at);
    for (const { id, source, hash, text } of random.shuffled(await beginning({ plan, files, units }, unit, signal))) {
      if (tokens >= enough) break;
      signal?.throwIfAborted();
      const tokenIds = await idsOf(text, tokenizer);
      if (tokenIds === null) continue;
      const document: TokenizedDocument = { kind: 'tokenized', id, source, hash, tokenIds: tokenIds.slice(0, longest) };
      documents.push(document);
      tokens += document.tokenIds.length;
    }
    for (const { file } of units[unit]!.slices) await assertUnchanged(files[file]!);
  }
  return { documents: documents.length, tokens, sequences: plan.windows.layout === 'packed' ? await packed(documents, plan) : documents };
}

async function packed(documents: readonly TokenizedDocument[], plan: Plan): Promise<TokenizedDocument[]> {
  const rows: TokenizedDocument[] = [];
  for await (const row of packRows(inTurn(documents), packOptions(plan))) rows.push(row);
  return rows;
}

async function beginning({ plan, files, units }: Omit<Sampled, 'tokenizer'>, unit: number, signal: AbortSignal | undefined): Promise<Document[]> {
  const most = plan.corpus.units[unit]!.limitDocs ?? Infinity;
  const documents: Document[] = [];
  let characters = 0;
  let read = 0;
  for await (const item of readUnit(units[unit]!, files, plan.corpus, { signal })) {
    if (item.kind === 'document') {
      documents.push(item);
      characters += item.text.length;
    }
    if (++read >= most || documents.length >= MOST_DOCUMENTS || characters >= MOST_CHARACTERS) break;
  }
  return documents;
}

async function idsOf(text: string, tokenizer: Prepared['tokenizer']): Promise<Int32Array<ArrayBuffer> | null> {
  try {
    return (await tokenizer.encode([text], { bytes: false }))[0]!.ids;
  } catch (error) {
    if (error instanceof TouchstoneError) return null;
    throw error;
  }
}

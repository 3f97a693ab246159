import { hash } from 'node:crypto';
import { join } from 'node:path';
import { TouchstoneError } from '../errors.js';
import type { EarlierRun } from '../run/earlier-run.js';
import type { Manifest } from '../run/manifest.js';
import { readHashKey } from '../store/hash-key.js';
import { KeyTable } from '../store/key-table.js';
import { openShard } from '../store/reader.js';

export interface DocumentTokens {
  readonly documents: number;
  readonly tokens: number;
}

/** What became of a corpus since earlier runs scored it. Documents that were left out are in none of them. The first three are the documents of this run, the fourth is of the earlier ones. */
export interface CorpusChange {
  /** Their text was there. */
  readonly unchanged: DocumentTokens;
  /** Their id was there, with another text. */
  readonly changed: DocumentTokens;
  /** Neither was there. */
  readonly new: DocumentTokens;
  /** Different texts of the earlier runs which are no longer there, under ids that are no longer there. */
  readonly gone: DocumentTokens;
}

interface Row {
  readonly id: string;
  readonly textHash: string;
  readonly tokens: number;
}

/** A text is known by 128 bits of its sha256, an id by 64. */
const TEXT_WORDS = 4;
const ID_WORDS = 2;

/**
 * Compares a finished run with earlier ones by ids and hashes of texts, reading those columns of both once. Memory: 46 to 58 bytes for each row of the
 * earlier runs. Earlier shards that are missing or damaged are told of and left out.
 */
export async function changeSince(
  earlier: readonly EarlierRun[],
  run: string,
  { shards }: Manifest,
  { onUnusable, signal }: { readonly onUnusable: (message: string) => void; readonly signal?: AbortSignal | undefined },
): Promise<CorpusChange> {
  const earlierShards = earlier.flatMap((one) => one.shards);
  const rows = earlierShards.reduce((sum, shard) => sum + shard.rows, 0);
  const texts = new KeyTable(TEXT_WORDS, rows);
  const ids = new KeyTable(ID_WORDS, rows);
  const tokensOf = new Uint32Array(rows);
  const idOf = new Uint32Array(rows);
  const key = { text: new Uint32Array(TEXT_WORDS), id: new Uint32Array(ID_WORDS) };

  for (const { path } of earlierShards) {
    try {
      for await (const { id, textHash, tokens } of rowsOfShard(path, signal)) {
        const idNumber = ids.add(readIdKey(id, key.id));
        const text = texts.size;
        if (texts.add(readHashKey(textHash, key.text)) !== text) continue;
        tokensOf[text] = tokens;
        idOf[text] = idNumber;
      }
    } catch (error) {
      if (!(error instanceof TouchstoneError) || signal?.aborted === true) throw error;
      onUnusable(error.message);
    }
  }

  const seenText = new Uint8Array(texts.size);
  const seenId = new Uint8Array(ids.size);
  const counts = { unchanged: count(), changed: count(), new: count(), gone: count() };
  for (const { path } of shards) {
    for await (const { id, textHash, tokens } of rowsOfShard(join(run, path), signal)) {
      const text = texts.find(readHashKey(textHash, key.text));
      const idNumber = ids.find(readIdKey(id, key.id));
      if (text >= 0) seenText[text] = 1;
      if (idNumber >= 0) seenId[idNumber] = 1;
      add(text >= 0 ? counts.unchanged : idNumber >= 0 ? counts.changed : counts.new, tokens);
    }
  }
  for (let text = 0; text < texts.size; text++) {
    if (seenText[text] === 0 && seenId[idOf[text]!] === 0) add(counts.gone, tokensOf[text]!);
  }
  return counts;
}

async function* rowsOfShard(path: string, signal: AbortSignal | undefined): AsyncGenerator<Row, void, undefined> {
  const shard = await openShard(path);
  try {
    for (const index of shard.rowGroups.keys()) {
      signal?.throwIfAborted();
      const { rows, columns } = await shard.readRowGroup(index, { columns: ['doc_id', 'doc_hash', 'n_tokens'] });
      for (let row = 0; row < rows; row++) yield { id: columns.doc_id[row]!, textHash: columns.doc_hash[row]!, tokens: columns.n_tokens[row]! };
    }
  } finally {
    await shard.close();
  }
}

function readIdKey(id: string, target: Uint32Array): Uint32Array {
  const digest = hash('sha256', id, 'buffer');
  for (let word = 0; word < target.length; word++) target[word] = digest.readUInt32LE(4 * word);
  return target;
}

function count(): { documents: number; tokens: number } {
  return { documents: 0, tokens: 0 };
}

function add(counted: { documents: number; tokens: number }, tokens: number): void {
  counted.documents++;
  counted.tokens += tokens;
}

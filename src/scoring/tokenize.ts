import { TouchstoneError } from '../errors.js';
import type { CorpusItem, Document, KnownDocument, LeftOut, TokenizedDocument } from '../records.js';
import { mapOrdered } from '../stream/map-ordered.js';

/** What a tokenizer worker answers for a group of texts: ids of all texts one after the other. */
export interface TokenizedTexts {
  readonly ids: Int32Array<ArrayBuffer>;
  /** (texts) tokens of each text; -1 = this text failed, see errors. */
  readonly lengths: Int32Array<ArrayBuffer>;
  /** (ids) UTF-8 bytes each token covers, where asked for. */
  readonly bytes?: Int32Array<ArrayBuffer>;
  /** Message by index of the text that failed. */
  readonly errors: Readonly<Record<number, string>>;
}

export type EncodeTexts = (texts: readonly string[]) => Promise<TokenizedTexts>;

/** A group is sent to a worker when it has this many texts or UTF-16 code units: large enough to hide the message, small enough to share out. */
const GROUP_TEXTS = 256;
const GROUP_CHARACTERS = 1 << 17;

export interface TokenizeOptions {
  readonly encode: EncodeTexts;
  /** Groups under way at once. */
  readonly concurrency: number;
  /** Ids must be below this. */
  readonly vocabSize: number;
  /** Called in input order with what each document that will be scored has of tokens, and of UTF-16 code units. */
  readonly onTokenized?: (tokens: number, characters: number) => void;
  /** Called in input order with every document that will not be scored; the stream waits for it. */
  readonly leaveOut: (item: LeftOut) => Promise<void>;
}

/**
 * Turns the documents of a stream into token ids, in order, on worker threads; known documents pass. Memory: `concurrency` groups of texts.
 * @throws TouchstoneError if an id is not below vocabSize: the tokenizer is not the model's
 */
export async function* tokenize(
  items: AsyncIterable<CorpusItem | KnownDocument>,
  options: TokenizeOptions,
): AsyncGenerator<TokenizedDocument | KnownDocument, void, undefined> {
  const encoded = mapOrdered(groups(items), options.concurrency, async (group) => {
    const texts = group.flatMap((item) => (item.kind === 'document' ? [item.text] : []));
    return { group, tokens: texts.length === 0 ? null : await options.encode(texts) };
  });
  for await (const { group, tokens } of encoded) {
    let text = 0;
    let from = 0;
    for (const item of group) {
      if (item.kind === 'known') {
        yield item;
        continue;
      }
      if (item.kind !== 'document') {
        await options.leaveOut(item);
        continue;
      }
      const length = tokens!.lengths[text]!;
      if (length < 0) {
        await options.leaveOut(refusedText(item, tokens!.errors[text]));
      } else {
        const tokenIds = tokens!.ids.slice(from, from + length);
        checkIds(item, tokenIds, options.vocabSize);
        const tokenBytes = tokens!.bytes?.slice(from, from + length);
        options.onTokenized?.(length, item.text.length);
        yield { kind: 'tokenized', id: item.id, source: item.source, hash: item.hash, tokenIds, ...(tokenBytes === undefined ? {} : { tokenBytes }) };
        from += length;
      }
      text++;
    }
  }
}

async function* groups(items: AsyncIterable<CorpusItem | KnownDocument>): AsyncGenerator<(CorpusItem | KnownDocument)[], void, undefined> {
  let group: (CorpusItem | KnownDocument)[] = [];
  let characters = 0;
  for await (const item of items) {
    group.push(item);
    if (item.kind === 'document') characters += item.text.length;
    if (group.length >= GROUP_TEXTS || characters >= GROUP_CHARACTERS) {
      yield group;
      group = [];
      characters = 0;
    }
  }
  if (group.length > 0) yield group;
}

function refusedText(document: Document, message: string | undefined): LeftOut {
  return { kind: 'quarantined', origin: document.origin, id: document.id, reason: 'tokenizer-error', detail: (message ?? 'the tokenizer refused the text').slice(0, 300) };
}

function checkIds(document: Document, tokenIds: Int32Array, vocabSize: number): void {
  const wrong = tokenIds.findIndex((id) => id < 0 || id >= vocabSize);
  if (wrong < 0) return;
  throw new TouchstoneError('usage', `document ${document.id} has token id ${tokenIds[wrong]} at position ${wrong}; the model knows ids 0 to ${vocabSize - 1}`, {
    advice: 'Use the tokenizer.json that belongs to the checkpoint.',
  });
}

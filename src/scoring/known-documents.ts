import type { CorpusItem, KnownDocument } from '../records.js';
import type { EarlierRows } from '../store/earlier-rows.js';

/** The items of a corpus, in order; documents whose text an earlier row has become known. */
export async function* markKnown(items: AsyncIterable<CorpusItem>, earlier: Pick<EarlierRows, 'find'>): AsyncGenerator<CorpusItem | KnownDocument, void, undefined> {
  for await (const item of items) {
    const row = item.kind === 'document' ? await earlier.find(item.hash) : undefined;
    if (item.kind !== 'document' || row === undefined) {
      yield item;
    } else {
      const { id, source, hash, text } = item;
      yield { kind: 'known', id, source, hash, row, characters: text.length };
    }
  }
}

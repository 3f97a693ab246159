import type { TokenizerDefinition } from './definition.js';

/** All tokens, those of the model and those added to it. */
export interface Vocabulary {
  /** Different tokens. */
  readonly size: number;
  readonly maxId: number;
  /** Entry by id; an added token is what its id means. */
  readonly pieces: ReadonlyMap<number, string>;
  /** Id by entry. */
  readonly ids: ReadonlyMap<string, number>;
}

export function vocabularyOf({ vocab, added }: TokenizerDefinition): Vocabulary {
  const pieces = new Map<number, string>();
  const ids = new Map(vocab);
  for (const [piece, id] of vocab) pieces.set(id, piece);
  for (const { content, id } of added) {
    pieces.set(id, content);
    ids.set(content, id);
  }
  let maxId = 0;
  for (const id of pieces.keys()) maxId = Math.max(maxId, id);
  return { size: ids.size, maxId, pieces, ids };
}

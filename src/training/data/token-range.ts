import { TouchstoneError } from '../../errors.js';

/** Throws a data error for the first id that is not from 0 to vocabSize - 1; `where` names the place of a token. */
export function checkTokenIds(tokenIds: Int32Array, vocabSize: number, where: (token: number) => string): void {
  for (let token = 0; token < tokenIds.length; token++) {
    const id = tokenIds[token]!;
    if (id >= 0 && id < vocabSize) continue;
    throw new TouchstoneError('data', `${where(token)}: token ids must be from 0 to ${vocabSize - 1}, the vocabulary of the model that is trained, got ${id}`, {
      advice: 'Train a model whose vocabulary is that of the tokenizer the set was made with.',
    });
  }
}

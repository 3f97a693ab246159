import { TouchstoneError } from '../errors.js';
import { encodeTexts } from './encode-texts.js';
import type { TokenizerLibrary } from './library.js';
import { openLibrary, type LibraryChoice } from './open-library.js';
import { findSpecialTokens, idsBefore } from './special-tokens.js';
import { surfacesOf, surfaceText, type Surfaces } from './surface.js';
import { readTokenizerFile, type TokenizerFile } from './tokenizer-file.js';
import type { Tokenizer, TokenizerInfo } from './tokenizer.js';
import { vocabularyOf, type Vocabulary } from './vocabulary.js';

export interface LoadTokenizerOptions {
  /** Which package does the work. Default 'auto'. */
  readonly library?: LibraryChoice;
}

/**
 * Loads tokenizer.json, given its path or its folder; BOS and EOS are looked up in the files beside it.
 * @throws TouchstoneError 'usage' for a tokenizer that is missing, in another format, random (BPE dropout) or not one `library` is exact for;
 *   'io' for files that cannot be read or make no sense
 */
export async function loadTokenizer(folderOrFile: string, options: LoadTokenizerOptions = {}): Promise<Tokenizer> {
  const file = await readTokenizerFile(folderOrFile);
  refuseDropout(file);
  const notes: string[] = [];
  const library = await openLibrary(file, options.library ?? 'auto', notes);
  const vocabulary = vocabularyOf(file.definition);
  const info = await describe(file, library, vocabulary, notes);
  let built: Surfaces | undefined;
  const surfaces = (): Surfaces => (built ??= surfacesOf(file.definition, vocabulary.maxId));
  return {
    info,
    encode: (texts, { bytes }) => encodeTexts(library, texts, bytes ? surfaces() : null),
    decode: (ids) => library.decode([...ids]),
    piece: (id) => vocabulary.pieces.get(id) ?? null,
    tokenText: (id) => (vocabulary.pieces.has(id) ? surfaceText(surfaces(), id) : null),
  };
}

async function describe(file: TokenizerFile, library: TokenizerLibrary, vocabulary: Vocabulary, notes: string[]): Promise<TokenizerInfo> {
  const { definition } = file;
  if (definition.truncates) notes.push('tokenizer.json asks for truncation; it is switched off, texts are encoded whole.');
  if (definition.pads) notes.push('tokenizer.json asks for padding; it is switched off.');
  const named = await findSpecialTokens(file.folder, vocabulary, notes);
  const first = idsBefore(library.probe.plain, library.probe.completed)[0] ?? null;
  const bos = named.bos ?? (first === null ? null : { id: first, source: 'post-processor' as const });
  if (first !== null && bos !== null && bos.id !== first) {
    notes.push(`The tokenizer begins a text with ${JSON.stringify(vocabulary.pieces.get(first))}, and ${bos.source} gives BOS the id ${bos.id}; the latter is used.`);
  }
  return {
    hash: file.hash,
    vocabSize: vocabulary.size,
    maxId: vocabulary.maxId,
    bosId: bos?.id ?? null,
    bosSource: bos?.source ?? null,
    eosId: named.eos?.id ?? null,
    eosSource: named.eos?.source ?? null,
    addsBos: first !== null && first === bos?.id,
    specialIds: definition.added.filter((token) => token.special).map((token) => token.id).sort((a, b) => a - b),
    library: library.info,
    notes,
  };
}

function refuseDropout({ path, definition }: TokenizerFile): void {
  const dropout = definition.model['dropout'];
  if (typeof dropout !== 'number' || dropout === 0) return;
  throw new TouchstoneError('usage', `${path} must give a text the same ids every time; its BPE dropout is ${dropout}`, { advice: 'Set model.dropout to null in tokenizer.json.' });
}

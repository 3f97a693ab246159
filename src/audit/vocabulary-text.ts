import { TouchstoneError, messageOf } from '../errors.js';
import type { Plan } from '../run/plan.js';
import { byteOfFallback } from '../tokenizer/byte-alphabet.js';
import { SPACE_MARK, surfacesOf, type Surfaces } from '../tokenizer/surface.js';
import { readTokenizerFile } from '../tokenizer/tokenizer-file.js';
import { vocabularyOf, type Vocabulary } from '../tokenizer/vocabulary.js';
import type { TokenClass } from './report-data/distribution.js';

/** What the ids of a run stand for, out of tokenizer.json alone: no tokenizing library is loaded. */
export interface VocabularyText {
  /** What a token stands for in a text, as bytes of UTF-8; empty for an id without a token. A prefix space the text does not have counts. */
  bytesOf(id: number): Uint8Array;
  /** Whether texts begin with a space of the tokenizer's own. */
  readonly addsSpace: boolean;
  classOf(id: number): TokenClass;
}

export type VocabularySearch = { readonly found: VocabularyText } | { readonly missing: string };

/**
 * The vocabulary a run was scored with: `folder` where one is named, else where the run found it. Another tokenizer than the run's is an error where it was named
 * (mismatch), and otherwise, like a missing one, an answer: the sentence that says what the report lacks and why.
 */
export async function findVocabulary(plan: Plan, folder: string | null): Promise<VocabularySearch> {
  const place = folder ?? plan.tokenizer.location;
  try {
    const file = await readTokenizerFile(place);
    if (file.hash !== plan.tokenizer.hash) {
      throw new TouchstoneError('mismatch', `${file.path} must have the sha256 ${plan.tokenizer.hash} of the run's tokenizer, it has ${file.hash}`, {
        advice: 'Name the folder of the tokenizer the run was scored with.',
      });
    }
    const vocabulary = vocabularyOf(file.definition);
    const special = new Set(file.definition.added.filter((token) => token.special).map(({ id }) => id));
    for (const id of [plan.tokenizer.bosId, plan.tokenizer.eosId]) if (id !== null) special.add(id);
    return { found: vocabularyText(vocabulary, surfacesOf(file.definition, vocabulary.maxId), special) };
  } catch (error) {
    if (folder !== null || !(error instanceof TouchstoneError)) throw error;
    return { missing: `Texts and token classes are missing, since the run's tokenizer was not found where it was scored: ${messageOf(error)}. --tokenizer names another place.` };
  }
}

function vocabularyText({ pieces, maxId }: Vocabulary, surfaces: Surfaces, special: ReadonlySet<number>): VocabularyText {
  const { starts, bytes, spelling, prefixSpace } = surfaces;
  const bytesOf = (id: number): Uint8Array => {
    if (id < 0 || id > maxId) return new Uint8Array(0);
    const surface = bytes.slice(starts[id], starts[id + 1]);
    if (spelling === 'metaspace') for (const [i, byte] of surface.entries()) if (byte === SPACE_MARK) surface[i] = 0x20;
    return surface;
  };
  return {
    bytesOf,
    addsSpace: prefixSpace !== 'none',
    classOf(id) {
      const piece = pieces.get(id);
      if (piece === undefined) return 'unknown';
      if (special.has(id)) return 'special';
      if (spelling === 'metaspace' && byteOfFallback(piece) >= 0) return 'bytes';
      return classOfBytes(bytesOf(id));
    },
  };
}

const whole = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function classOfBytes(bytes: Uint8Array): TokenClass {
  let text: string;
  try {
    text = whole.decode(bytes);
  } catch {
    return 'bytes';
  }
  if (/^\s+$/u.test(text)) return 'whitespace';
  if (/\p{L}/u.test(text)) return 'word';
  if (/\p{Nd}/u.test(text)) return 'digits';
  return 'punctuation';
}

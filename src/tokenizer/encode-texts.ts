import { messageOf, TouchstoneError } from '../errors.js';
import type { LibraryEncoding, TokenizerLibrary } from './library.js';
import type { Surfaces } from './surface.js';
import { bytesBySpan, bytesBySurface, type TokenBytes } from './token-bytes.js';
import type { EncodedText } from './tokenizer.js';

/** Texts go to the library in groups of about this many UTF-16 code units, which bounds the memory of their encodings to some 100 MB. */
const GROUP_CHARACTERS = 1 << 20;

/** Encodes texts in order; counts the bytes of tokens where surfaces are given. */
export async function encodeTexts(library: TokenizerLibrary, texts: readonly string[], surfaces: Surfaces | null): Promise<EncodedText[]> {
  const encoded: EncodedText[] = [];
  for (const group of groups(texts.map((text) => text.toWellFormed()))) {
    const encodings = await encodeGroup(library, group, encoded.length);
    for (const [i, encoding] of encodings.entries()) {
      const ids = new Int32Array(encoding.ids);
      encoded.push(surfaces === null ? { ids } : { ids, bytes: countBytes(group[i]!, encoding, surfaces) });
    }
  }
  return encoded;
}

function* groups(texts: readonly string[]): Generator<readonly string[]> {
  let from = 0;
  let characters = 0;
  for (const [i, text] of texts.entries()) {
    characters += text.length;
    if (characters < GROUP_CHARACTERS && i + 1 < texts.length) continue;
    yield texts.slice(from, i + 1);
    from = i + 1;
    characters = 0;
  }
}

/** Where the library refuses a group it does not say which text it was: they are tried one by one. */
async function encodeGroup(library: TokenizerLibrary, group: readonly string[], firstIndex: number): Promise<readonly LibraryEncoding[]> {
  return await library.encode(group).catch(async () => {
    const encodings: LibraryEncoding[] = [];
    for (const [i, text] of group.entries()) {
      const alone = await library.encode([text]).catch((error: unknown) => {
        throw new TouchstoneError('io', `the tokenizer refused text ${firstIndex + i}, of ${text.length} characters: ${messageOf(error)}`, { cause: error });
      });
      encodings.push(...alone);
    }
    return encodings;
  });
}

/** The counts sum to the bytes of the text; a text that yields no token has none. */
function countBytes(text: string, { ids, spans }: LibraryEncoding, surfaces: Surfaces): TokenBytes {
  const counts = bytesBySurface(text, ids, surfaces) ?? (spans === undefined ? null : bytesBySpan(text, ids, surfaces, spans()));
  if (counts === null) {
    throw new TouchstoneError('io', `the bytes of the tokens of a text of ${text.length} characters cannot be told without the native tokenizer library`, {
      advice: 'Leave "bytes" out of --stats, or run on a platform for which the npm package "tokenizers" has a binary.',
    });
  }
  let sum = 0;
  for (const count of counts) sum += count;
  const bytes = Buffer.byteLength(text);
  if (sum !== bytes && ids.length > 0) throw new TouchstoneError('internal', `the bytes of the tokens of a text must sum to its ${bytes} bytes, they sum to ${sum}`);
  return counts;
}

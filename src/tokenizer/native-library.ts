import type * as Package from 'tokenizers';

import { messageOf, TouchstoneError } from '../errors.js';
import { packageVersion } from './package-version.js';
import { PROBE, type TokenizerLibrary } from './library.js';
import type { TokenizerFile } from './tokenizer-file.js';

/** The npm package `tokenizers`: the Rust library that Python's `tokenizers` is, with a binary per platform. Rejects where none loads. */
export async function importNative(): Promise<typeof Package> {
  return await import('tokenizers');
}

/**
 * Limits the threads of the library in this process, where the environment does not say so already. Only before the first text is encoded: the library
 * makes its threads then, once for all workers.
 */
export function limitNativeThreads(threads: number): void {
  process.env['RAYON_NUM_THREADS'] ??= String(threads);
}

/**
 * A tokenizer of the reference library. Truncation and padding the file asks for are switched off. Texts of one call are encoded on all
 * cores (Rayon: RAYON_NUM_THREADS and TOKENIZERS_PARALLELISM in the environment of the process limit it), never on the calling thread.
 */
export async function openNative(file: TokenizerFile, library: typeof Package): Promise<TokenizerLibrary> {
  const tokenizer = construct(file, library);
  tokenizer.disableTruncation();
  tokenizer.disablePadding();
  checkAddedTokens(file, (content) => tokenizer.tokenToId(content));
  const plain = await tokenizer.encode(PROBE, null, { addSpecialTokens: false });
  const completed = await tokenizer.encode(PROBE, null, { addSpecialTokens: true });
  // From here on no special tokens are wanted; a post-processor that does nothing also leaves the spans untrimmed.
  tokenizer.setPostProcessor(library.byteLevelProcessing(false));
  return {
    info: { kind: 'native', name: 'tokenizers', version: packageVersion('tokenizers') },
    probe: { plain: plain.getIds(), completed: completed.getIds() },
    encode: async (texts) => {
      const encodings = await tokenizer.encodeBatch([...texts], { addSpecialTokens: false });
      return encodings.map((encoding) => ({ ids: encoding.getIds(), spans: () => encoding.getOffsets() }));
    },
    decode: (ids) => tokenizer.decode(ids, false),
  };
}

function construct(file: TokenizerFile, library: typeof Package): Package.Tokenizer {
  try {
    return library.Tokenizer.fromString(file.text);
  } catch (error) {
    throw new TouchstoneError('io', `${file.path} must be a tokenizer the library can read: ${messageOf(error)}`, {
      cause: error,
      advice: 'The file is damaged, or was written by a newer version of the library than this program comes with.',
    });
  }
}

/** The library numbers added tokens itself and takes no notice of an id in the file that disagrees. */
function checkAddedTokens(file: TokenizerFile, idOf: (content: string) => number | null): void {
  for (const { content, id } of file.definition.added) {
    const given = idOf(content);
    if (given === id) continue;
    throw new TouchstoneError('io', `${file.path} says that the added token ${JSON.stringify(content)} has id ${id}, the library gives it ${given ?? 'none'}`, {
      advice: 'Write the file again with AutoTokenizer.from_pretrained(folder).save_pretrained(folder).',
    });
  }
}

import { messageOf, TouchstoneError } from '../errors.js';
import { planJavascript } from './javascript-plan.js';
import { packageVersion } from './package-version.js';
import { PROBE, type TokenizerLibrary } from './library.js';
import type { TokenizerFile } from './tokenizer-file.js';

/** Native tables, found by comparing every code point: Unicode 16 for letters, numbers and spaces, Unicode 9 for normalization. */
export const YOUNG_CHARACTERS = 'Letters added to Unicode after version 16, and combining marks added after version 9, may get other ids than from the native library.';

/** The part of the package that is used; its own type files do not resolve under Node's module rules. */
interface Package {
  readonly Tokenizer: new (json: object, config: object) => JavascriptTokenizer;
  readonly SequenceDecoder: new (config: object) => Decoder & { readonly decoders: readonly Decoder[] };
  readonly ByteFallbackDecoder: new (config: object) => Decoder & { text_decoder: { decode: (bytes: Uint8Array) => string } };
}
interface JavascriptTokenizer {
  readonly decoder: Decoder | null;
  encode(text: string, options: { add_special_tokens: boolean }): { readonly ids: readonly number[] };
  decode(ids: readonly number[], options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean }): string;
}
interface Decoder {
  decode(tokens: readonly string[]): string;
}

/**
 * A tokenizer of the pure JavaScript library, which runs on the calling thread and knows no spans. It gives the reference library's ids but
 * for YOUNG_CHARACTERS: the two look characters up in Unicode tables of different versions.
 * @throws TouchstoneError 'usage' for a tokenizer the library is not exact for
 */
export async function openJavascript(file: TokenizerFile): Promise<TokenizerLibrary> {
  const { json, refusals } = planJavascript(file.definition);
  if (refusals.length > 0) {
    throw new TouchstoneError('usage', `the JavaScript tokenizer library does not give the reference ids for ${file.path}, because of ${refusals.join('; ')}`, {
      advice: 'Run on a platform for which the npm package "tokenizers" has a binary.',
    });
  }
  const library = (await import('@huggingface/tokenizers')) as unknown as Package;
  const tokenizer = construct(file, library, json);
  if (tokenizer.decoder !== null) exactByteFallback(tokenizer.decoder, library);
  return {
    info: { kind: 'javascript', name: '@huggingface/tokenizers', version: packageVersion('@huggingface/tokenizers') },
    probe: { plain: tokenizer.encode(PROBE, { add_special_tokens: false }).ids, completed: tokenizer.encode(PROBE, { add_special_tokens: true }).ids },
    encode: (texts) => Promise.resolve(texts.map((text) => ({ ids: tokenizer.encode(text, { add_special_tokens: false }).ids }))),
    decode: (ids) => Promise.resolve(ids.length === 0 ? '' : tokenizer.decode(ids, { skip_special_tokens: false, clean_up_tokenization_spaces: false })),
  };
}

function construct(file: TokenizerFile, library: Package, json: object): JavascriptTokenizer {
  try {
    return new library.Tokenizer(json, {});
  } catch (error) {
    throw new TouchstoneError('io', `${file.path} must be a tokenizer the JavaScript library can read: ${messageOf(error)}`, { cause: error });
  }
}

/** The reference decodes a run of byte tokens as a whole, keeping U+FEFF, or shows each byte as U+FFFD. */
function exactByteFallback(decoder: Decoder, library: Package): void {
  if (decoder instanceof library.SequenceDecoder) for (const inner of decoder.decoders) exactByteFallback(inner, library);
  if (!(decoder instanceof library.ByteFallbackDecoder)) return;
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  decoder.text_decoder = {
    decode: (bytes) => {
      try {
        return strict.decode(bytes);
      } catch {
        return '\ufffd'.repeat(bytes.length);
      }
    },
  };
}

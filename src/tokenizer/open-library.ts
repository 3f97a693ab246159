import { messageOf, TouchstoneError } from '../errors.js';
import { openJavascript, YOUNG_CHARACTERS } from './javascript-library.js';
import type { TokenizerLibrary } from './library.js';
import { importNative, openNative } from './native-library.js';
import type { TokenizerFile } from './tokenizer-file.js';

/** 'auto' = native, and javascript where no binary of it loads. */
export type LibraryChoice = 'auto' | 'native' | 'javascript';

/** Opens the tokenizer with the library that was asked for; the packages are imported only now. `notes` is told of a fallback. */
export async function openLibrary(file: TokenizerFile, choice: LibraryChoice, notes: string[]): Promise<TokenizerLibrary> {
  if (choice === 'javascript') {
    notes.push(YOUNG_CHARACTERS);
    return await openJavascript(file);
  }
  const native = await importNative().catch((error: unknown) => {
    const reason = `no binary of the native tokenizer library loads on ${process.platform}-${process.arch} (${messageOf(error).split('\n')[0]!})`;
    if (choice === 'native') {
      throw new TouchstoneError('usage', `the native tokenizer library was asked for, and ${reason}`, { cause: error, advice: 'Install the dependencies again on this machine.' });
    }
    return { reason };
  });
  if (!('reason' in native)) return await openNative(file, native);
  notes.push(`The JavaScript tokenizer library is used, which is two to six times slower: ${native.reason}.`, YOUNG_CHARACTERS);
  return await openJavascript(file).catch((error: unknown) => {
    if (!(error instanceof TouchstoneError)) throw error;
    throw new TouchstoneError(error.kind, `${error.message}; and ${native.reason}`, { ...(error.advice === undefined ? {} : { advice: error.advice }), cause: error });
  });
}

import { messageOf, TouchstoneError } from '../errors.js';
import { openJavascript } from './javascript-library.js';
import type { TokenizerLibrary } from './library.js';
import { importNative, openNative } from './native-library.js';
import type { TokenizerFile } from './tokenizer-file.js';

/** 'auto' = native, and javascript where no binary of it loads. */
export type LibraryChoice = 'auto' | 'native' | 'javascript';

/** Opens the tokenizer with the library that was asked for; the packages are imported only now. `notes` is told of a fallback. */
export async function openLibrary(file: TokenizerFile, choice: LibraryChoice, notes: string[]): Promise<TokenizerLibrary> {
  if (choice === 'javascript') return await openJavascript(file);
  const native = await importNative().catch((error: unknown) => {
    const reason = `no binary of the native tokenizer library loads on ${process.platform}-${process.arch} (${messageOf(error).split('\n')[0]!})`;
    if (choice === 'native') {
      throw new TouchstoneError('usage', `tokenizer.library is "native", and ${reason}`, { cause: error, advice: 'Install the dependencies again on this machine, or use "auto".' });
    }
    return { reason };
  });
  if (!('reason' in native)) return await openNative(file, native);
  notes.push(`The JavaScript tokenizer library is used, at about half the speed: ${native.reason}.`);
  return await openJavascript(file).catch((error: unknown) => {
    if (!(error instanceof TouchstoneError)) throw error;
    throw new TouchstoneError(error.kind, `${error.message}; and ${native.reason}`, { ...(error.advice === undefined ? {} : { advice: error.advice }), cause: error });
  });
}

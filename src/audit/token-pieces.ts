import type { VocabularyText } from './vocabulary-text.js';

/**
 * What each token stands for, so that the pieces joined are the text: a character that several tokens share is given to the first of them, whole, and the others
 * have ''. Bytes that are no UTF-8 show as U+FFFD. Where the tokenizer begins a text with a space of its own, the first piece at each of `starts` is without it.
 */
export function piecesOf(ids: ArrayLike<number>, vocabulary: VocabularyText, starts: readonly number[] = [0]): string[] {
  const owned: number[][] = [];
  /** The token whose last character is not complete yet, and how many bytes it lacks. */
  let open = -1;
  let missing = 0;
  for (let t = 0; t < ids.length; t++) {
    const own: number[] = [];
    owned.push(own);
    const bytes = vocabulary.bytesOf(ids[t]!);
    const skip = vocabulary.addsSpace && bytes[0] === 0x20 && starts.includes(t) ? 1 : 0;
    for (const byte of bytes.subarray(skip)) {
      if (missing > 0 && isContinuation(byte)) {
        owned[open]!.push(byte);
        missing--;
        continue;
      }
      own.push(byte);
      open = t;
      missing = bytesAfter(byte);
    }
  }
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return owned.map((bytes) => decoder.decode(Uint8Array.from(bytes)));
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** Continuation bytes that a lead byte announces. */
function bytesAfter(lead: number): number {
  return lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
}

/** The first `most` UTF-16 units of a text, less one where they would end inside a character. */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  const last = text.charCodeAt(most - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? most - 1 : most);
}

import { messageOf } from '../errors.js';
import type { EncodedText, Tokenizer } from './tokenizer.js';

/** What a tokenizer worker is started with. */
export interface TokenizerWorkerData {
  /** tokenizer.json or its folder. */
  readonly path: string;
  readonly library: 'auto' | 'native' | 'javascript';
}

export interface TokenizeTask {
  readonly texts: readonly string[];
  /** Also count the UTF-8 bytes each token covers. */
  readonly bytes: boolean;
}

/** The ids of all texts of a task, one text after the other, in arrays that can be transferred. */
export interface TokenizedTexts {
  readonly ids: Int32Array<ArrayBuffer>;
  /** (texts) tokens of each text; -1 = this text failed, see errors. */
  readonly lengths: Int32Array<ArrayBuffer>;
  /** (ids) where asked for. */
  readonly bytes?: Int32Array<ArrayBuffer>;
  /** Message by index of the text that failed. */
  readonly errors: Readonly<Record<number, string>>;
}

/** Encodes the texts of a task. A text the tokenizer refuses fails alone. */
export async function tokenizeTask(tokenizer: Tokenizer, { texts, bytes }: TokenizeTask): Promise<TokenizedTexts> {
  const errors: Record<number, string> = {};
  const encoded = await tokenizer.encode(texts, { bytes }).catch(() => encodeEach(tokenizer, texts, bytes, errors));
  const lengths = Int32Array.from(encoded, (text) => text?.ids.length ?? -1);
  return {
    ids: concatenate(encoded.map((text) => text?.ids)),
    lengths,
    ...(bytes ? { bytes: concatenate(encoded.map((text) => text?.bytes)) } : {}),
    errors,
  };
}

async function encodeEach(tokenizer: Tokenizer, texts: readonly string[], bytes: boolean, errors: Record<number, string>): Promise<(EncodedText | null)[]> {
  const encoded: (EncodedText | null)[] = [];
  for (const [i, text] of texts.entries()) {
    const [result] = await tokenizer.encode([text], { bytes }).catch((error: unknown) => {
      errors[i] = messageOf(error);
      return [null];
    });
    encoded.push(result ?? null);
  }
  return encoded;
}

function concatenate(parts: readonly (Int32Array | undefined)[]): Int32Array<ArrayBuffer> {
  const whole = new Int32Array(parts.reduce((length, part) => length + (part?.length ?? 0), 0));
  let at = 0;
  for (const part of parts) {
    if (part === undefined) continue;
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

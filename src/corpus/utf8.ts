import { isUtf8 } from 'node:buffer';

/** The text of UTF-8 bytes, or undefined where they are not UTF-8; never a replacement character that is not in the input. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  if (!isUtf8(bytes)) return undefined;
  return (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString('utf8');
}

/** Where bytes that are not UTF-8 go wrong: the offset of the first byte that belongs to no whole character. */
export function firstInvalidByte(bytes: Uint8Array): number {
  // Whether a prefix is hopeless never turns back as it grows: binary search with a decoder that accepts an unfinished last character.
  let good = 0;
  let bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (startsWell(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  // The character that breaks off begins up to three bytes before.
  while (!isUtf8(bytes.subarray(0, good))) good--;
  return good;
}

function startsWell(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** The bytes after a UTF-8 byte order mark, where there is one. */
export function withoutByteOrderMark(bytes: Buffer): Buffer {
  return bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? bytes.subarray(3) : bytes;
}

/**
 * The 256 characters by which byte-level BPE writes bytes: printable Latin-1 stands for itself, every other byte, in order, for the
 * characters from U+0100 on. Source: bytes_to_unicode of https://github.com/openai/gpt-2/blob/master/src/encoder.py
 */
const CHARACTER_OF_BYTE = alphabet();
const BYTE_OF_CODE = new Map(CHARACTER_OF_BYTE.map((character, byte) => [character.charCodeAt(0), byte]));

/** The characters in the order of their bytes. */
export const BYTE_CHARACTERS: readonly string[] = CHARACTER_OF_BYTE;

/** The bytes a vocabulary entry of byte-level BPE spells, or null where a character of it is none of the 256. */
export function bytesOfPiece(piece: string): Uint8Array | null {
  const bytes = new Uint8Array(piece.length);
  for (let i = 0; i < piece.length; i++) {
    const byte = BYTE_OF_CODE.get(piece.charCodeAt(i));
    if (byte === undefined) return null;
    bytes[i] = byte;
  }
  return bytes;
}

/** The byte that a byte-fallback entry such as "<0x0A>" stands for, or -1. */
export function byteOfFallback(piece: string): number {
  return /^<0x[0-9A-F]{2}>$/.test(piece) ? Number.parseInt(piece.slice(3, 5), 16) : -1;
}

function alphabet(): string[] {
  const printable = (byte: number): boolean => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
}

import { describe, expect, it } from 'vitest';
import { decodeUtf8, firstInvalidByte, withoutByteOrderMark } from '../../src/corpus/utf8.js';

describe('UTF-8', () => {
  it('is decoded exactly or not at all', () => {
    expect(decodeUtf8(Buffer.from('aé日🙂\0'))).toBe('aé日🙂\0');
    expect(decodeUtf8(new Uint8Array(0))).toBe('');
    // A replacement character of the input is a character like any other; a byte order mark is only removed where it is asked for.
    expect(decodeUtf8(Buffer.from('\ufffd\ufeff'))).toBe('\ufffd\ufeff');
    // Surrogates (ED A0 80), overlong forms (C0 80), beyond U+10FFFF (F4 90 80 80), a lone continuation, a cut character.
    for (const bytes of [[0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80], [0xe6, 0x97]]) expect(decodeUtf8(Uint8Array.from(bytes))).toBeUndefined();
  });

  it('tells where it goes wrong: at the first byte that belongs to no whole character', () => {
    expect(firstInvalidByte(Buffer.from([0x61, 0xff, 0x62]))).toBe(1);
    expect(firstInvalidByte(Buffer.concat([Buffer.from('é日'), Buffer.from([0xed, 0xa0, 0x80])]))).toBe(5);
    // Latin-1: a lead byte that nothing continues.
    expect(firstInvalidByte(Buffer.from('\xe9t\xe9', 'latin1'))).toBe(0);
    expect(firstInvalidByte(Buffer.concat([Buffer.from('x'.repeat(5000)), Buffer.from([0x80]), Buffer.from('x'.repeat(5000))]))).toBe(5000);
    // Nothing is wrong but the end.
    expect(firstInvalidByte(Buffer.from('a🙂').subarray(0, 4))).toBe(1);
  });

  it('loses a byte order mark only at its beginning', () => {
    expect(withoutByteOrderMark(Buffer.from('\ufeffa\ufeff')).toString()).toBe('a\ufeff');
    expect(withoutByteOrderMark(Buffer.from('\ufeff')).length).toBe(0);
    expect(withoutByteOrderMark(Buffer.from('ab')).toString()).toBe('ab');
  });
});

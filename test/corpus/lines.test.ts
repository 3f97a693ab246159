import { describe, expect, it } from 'vitest';
import { LineSplitter } from '../../src/corpus/lines.js';

/** [start, bytes, content] of every line, the bytes pushed in pieces of one size. */
function linesOf(text: string, piece: number, options: { offset?: number; maxLineBytes?: number; skipFirst?: boolean } = {}): [number, number, string | undefined][] {
  const splitter = new LineSplitter({ offset: 0, maxLineBytes: 1000, skipFirst: false, ...options });
  const lines: [number, number, string | undefined][] = [];
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += piece) {
    for (const line of splitter.push(bytes.subarray(at, at + piece))) lines.push([line.start, line.bytes, line.content?.toString()]);
  }
  const last = splitter.end();
  if (last !== undefined) lines.push([last.start, last.bytes, last.content?.toString()]);
  return lines;
}

describe('lines', () => {
  it.each([1, 2, 3, 5, 100])('are the same however the stream is cut (pieces of %i bytes)', (piece) => {
    expect(linesOf('ab\r\n\nçd\nlast', piece)).toEqual([
      [0, 3, 'ab'],
      [4, 0, ''],
      [5, 3, 'çd'],
      [9, 4, 'last'],
    ]);
    expect(linesOf('ab\n', piece)).toEqual([[0, 2, 'ab']]);
    expect(linesOf('', piece)).toEqual([]);
    expect(linesOf('\r\n\r', piece)).toEqual([
      [0, 1, ''],
      [2, 1, ''],
    ]);
  });

  it.each([1, 3, 100])('over the limit have a length and no content (pieces of %i bytes)', (piece) => {
    expect(linesOf('12345\n123456\n1\n1234567', piece, { maxLineBytes: 5 })).toEqual([
      [0, 5, '12345'],
      [6, 6, undefined],
      [13, 1, '1'],
      [15, 7, undefined],
    ]);
  });

  it.each([1, 4, 100])('begin after the first line feed where the stream is entered inside a line (pieces of %i bytes)', (piece) => {
    expect(linesOf('tail\nab\ncd', piece, { offset: 100, skipFirst: true })).toEqual([
      [105, 2, 'ab'],
      [108, 2, 'cd'],
    ]);
    expect(linesOf('no end', piece, { offset: 100, skipFirst: true })).toEqual([]);
  });
});

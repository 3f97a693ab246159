import { describe, expect, it } from 'vitest';
import type { TokenizedDocument } from '../../src/records.js';
import { packRows } from '../../src/windows/pack.js';

const EOS = -1;

async function pack(lengths: readonly number[], rowTokens: number, bytes = false): Promise<TokenizedDocument[]> {
  async function* documents(): AsyncGenerator<TokenizedDocument> {
    for (const [at, length] of lengths.entries()) {
      const tokenIds = Int32Array.from({ length }, (_, t) => 1000 * (at + 1) + t);
      const tokenBytes = Int32Array.from({ length }, () => 3);
      yield await Promise.resolve({ kind: 'tokenized', id: `d${at}`, source: at === 0 ? 'a' : 'b', hash: 'h', tokenIds, ...(bytes ? { tokenBytes } : {}) });
    }
  }
  const rows: TokenizedDocument[] = [];
  for await (const row of packRows(documents(), { rowTokens, separatorId: EOS, hashTokens: (ids) => ids.join() })) rows.push(row);
  return rows;
}

describe('packRows', () => {
  it('keeps every token in order, each document followed by the separator, in rows of exactly T tokens', async () => {
    const lengths = [3, 0, 10, 4, 1, 25, 5];
    for (const rowTokens of [1, 2, 5, 7, 100]) {
      const rows = await pack(lengths, rowTokens);
      expect(rows.every(({ tokenIds }) => tokenIds.length === rowTokens)).toBe(true);
      const expected = lengths.flatMap((length, at) => [...Array.from({ length }, (_, t) => 1000 * (at + 1) + t), EOS]);
      const packed = rows.flatMap(({ tokenIds, fillFrom }) => [...tokenIds.subarray(0, fillFrom ?? rowTokens)]);
      expect(packed).toEqual(expected);
    }
  });

  it('marks where documents start and names a row after its first token', async () => {
    const rows = await pack([3, 4, 2], 6);
    expect(rows.map(({ id, docStarts, source }) => [id, [...docStarts!], source])).toEqual([
      ['d0@0', [0, 4], 'mixed'],
      ['d1@2', [3], 'b'],
    ]);
  });

  it('fills the last row with separators that are not scored', async () => {
    const rows = await pack([3], 6);
    expect([...rows[0]!.tokenIds]).toEqual([1000, 1001, 1002, EOS, EOS, EOS]);
    expect(rows[0]!.fillFrom).toBe(4);
  });

  it('counts no bytes of text for separators', async () => {
    const [row] = await pack([2, 1], 6, true);
    expect([...row!.tokenBytes!]).toEqual([3, 3, 0, 3, 0, 0]);
  });

  it('names a row that begins with a separator after the document it ends', async () => {
    const rows = await pack([4, 2], 4);
    expect(rows.map(({ id }) => id)).toEqual(['d0@0', 'd0@4']);
  });
});

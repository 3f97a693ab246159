import { expect, it } from 'vitest';
import { mergeByteStreams, splitByteStreams } from '../../src/store/byte-stream-split.js';

it('byte stream split puts the first bytes of all values first, and merging undoes it', () => {
  const values = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  const split = new Uint8Array(12);
  splitByteStreams(values, split);
  expect([...split]).toEqual([1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12]);
  const merged = new Uint8Array(12);
  mergeByteStreams(split, merged);
  expect(merged).toEqual(values);
});

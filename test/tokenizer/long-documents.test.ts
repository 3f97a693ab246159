import { expect, test } from 'vitest';
import { loadTokenizer } from '../../src/tokenizer/load-tokenizer.js';
import { folderOf } from './fixture.js';

const MILLION = 1_000_000;
const sum = (counts: Int32Array): number => counts.reduce((total, count) => total + count, 0);

test.each([
  ['gpt2', 'abcdefghij'.repeat(MILLION / 10)],
  ['llama2', 'the train runs, '.repeat(MILLION / 16)],
  ['qwen', 'e\u0301 語 '.repeat(MILLION / 5)],
  ['wordpiece', 'The  caf\u00e9\n'.repeat(MILLION / 10)],
] as const)('a %s tokenizer encodes a document of a million characters whole, and knows the bytes of every token', async (style, text) => {
  const tokenizer = await loadTokenizer(folderOf(style));
  const [{ ids, bytes }] = (await tokenizer.encode([text], { bytes: true })) as [{ ids: Int32Array; bytes: Int32Array }];
  expect(ids.length).toBeGreaterThan(text.length / 10);
  expect(sum(bytes)).toBe(Buffer.byteLength(text));
});

test('texts too large to be encoded together keep their order', async () => {
  const tokenizer = await loadTokenizer(folderOf('gpt2'));
  const texts = ['a', 'b'.repeat(MILLION), 'c', 'd'.repeat(MILLION), 'e'];
  const encoded = await tokenizer.encode(texts, { bytes: true });
  expect(encoded.map(({ bytes }) => sum(bytes!))).toEqual([1, MILLION, 1, MILLION, 1]);
  expect(encoded.map(({ ids }) => tokenizer.tokenText(ids[0]!)![0])).toEqual(['a', 'b', 'c', 'd', 'e']);
});

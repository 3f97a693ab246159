import { describe, expect, test } from 'vitest';
import { loadTokenizer } from '../../src/tokenizer/load-tokenizer.js';
import { ALL_STYLES, EXACT_IN_JAVASCRIPT, expectedOf, folderOf, NATIVE_ONLY, TEXTS } from './fixture.js';

const PAIRS = [...ALL_STYLES.map((style) => ({ style, library: 'native' as const })), ...EXACT_IN_JAVASCRIPT.map((style) => ({ style, library: 'javascript' as const }))];

describe.each(PAIRS)('a $style tokenizer run by the $library library', ({ style, library }) => {
  const expected = expectedOf(style);

  test("gives the ids of Python's tokenizers for every text", async () => {
    const tokenizer = await loadTokenizer(folderOf(style), { library });
    const encoded = await tokenizer.encode(TEXTS.map(({ text }) => text), { bytes: false });
    const wrong = TEXTS.filter((_, i) => encoded[i]!.ids.join() !== expected.ids[i]!.join());
    expect(wrong).toEqual([]);
    expect(encoded).toHaveLength(TEXTS.length);
  });

  test("decodes ids to the text that Python's tokenizers does", async () => {
    const tokenizer = await loadTokenizer(folderOf(style), { library });
    const decoded = await Promise.all(expected.ids.map((ids) => tokenizer.decode(ids)));
    const wanted = TEXTS.map(({ text }, i) => expected.decoded[i] ?? text.toWellFormed());
    expect(decoded.filter((text, i) => text !== wanted[i])).toEqual([]);
    expect(decoded).toHaveLength(TEXTS.length);
  });

  test('counts vocabulary and ids as Python does, added tokens included', async () => {
    const { info } = await loadTokenizer(folderOf(style), { library });
    expect(info).toMatchObject({ vocabSize: expected.vocabSize, maxId: expected.maxId });
    expect(Math.max(...expected.ids.flat())).toBeLessThanOrEqual(info.maxId);
  });

  test('gives a text the same ids alone and among others', async () => {
    const tokenizer = await loadTokenizer(folderOf(style), { library });
    const texts = TEXTS.slice(0, 60).map(({ text }) => text);
    const alone = await Promise.all(texts.map(async (text) => (await tokenizer.encode([text], { bytes: true }))[0]));
    expect(await tokenizer.encode(texts, { bytes: true })).toEqual(alone);
  });
});

test('the fixture holds what tells implementations apart', () => {
  const groups = new Set(TEXTS.map(({ group }) => group));
  const wanted = ['english', 'code', 'numbers', 'emoji', 'cjk', 'spaces', 'control', 'special', 'surrogates', 'combining', 'bidi', 'long', 'empty', 'fuzz'];
  expect(wanted.filter((group) => !groups.has(group))).toEqual([]);
  expect(TEXTS.some(({ text }) => !text.isWellFormed())).toBe(true);
  expect(TEXTS.filter(({ group }) => group === 'fuzz').length).toBeGreaterThanOrEqual(300);
});

test.each(NATIVE_ONLY)('a %s tokenizer, which the JavaScript library is not exact for, is refused by name', async (style) => {
  const reason = { unigram: 'the model Unigram', stripping: 'the added token "<mask>" (lstrip)', wordpiece: 'the normalizer BertNormalizer' }[style];
  await expect(loadTokenizer(folderOf(style), { library: 'javascript' })).rejects.toMatchObject({ kind: 'usage', message: expect.stringContaining(reason) as string });
});

import { describe, expect, test } from 'vitest';
import { loadTokenizer } from '../../src/tokenizer/load-tokenizer.js';
import { importNative, openNative } from '../../src/tokenizer/native-library.js';
import { surfacesOf } from '../../src/tokenizer/surface.js';
import { bytesBySpan, bytesBySurface } from '../../src/tokenizer/token-bytes.js';
import { readTokenizerFile } from '../../src/tokenizer/tokenizer-file.js';
import { ALL_STYLES, EXACT_IN_JAVASCRIPT, folderOf, TEXTS, type Style } from './fixture.js';

const texts = TEXTS.map(({ text }) => text);
/** A mark right behind a special token would compose with its ">": the one text that only the native library's spans can divide. */
const NEEDS_SPANS = '<|endoftext|>\u0338 x';

async function counted(style: Style, text: string, library: 'native' | 'javascript' = 'native'): Promise<(readonly [string, number])[]> {
  const tokenizer = await loadTokenizer(folderOf(style), { library });
  const [{ ids, bytes }] = (await tokenizer.encode([text], { bytes: true })) as [{ ids: Int32Array; bytes: Int32Array }];
  return [...ids].map((id, i) => [tokenizer.piece(id)!, bytes[i]!] as const);
}

describe.each(ALL_STYLES)('%s', (style) => {
  test('the bytes of the tokens sum to the bytes of every text that has a token', async () => {
    const tokenizer = await loadTokenizer(folderOf(style));
    const encoded = await tokenizer.encode(texts, { bytes: true });
    const wrong = texts.filter((text, i) => {
      const { ids, bytes } = encoded[i]!;
      const sum = bytes!.reduce((total, count) => total + count, 0);
      return bytes!.length !== ids.length || bytes!.some((count) => count < 0) || (ids.length > 0 && sum !== Buffer.byteLength(text));
    });
    expect(wrong).toEqual([]);
    expect(encoded.filter(({ ids }) => ids.length > 0).length).toBeGreaterThan(500);
  });
});

test.each(EXACT_IN_JAVASCRIPT)('%s: both libraries count the same bytes', async (style) => {
  const same = texts.filter((text) => text !== NEEDS_SPANS);
  const [native, javascript] = await Promise.all((['native', 'javascript'] as const).map(async (library) => (await loadTokenizer(folderOf(style), { library })).encode(same, { bytes: true })));
  expect(javascript).toEqual(native);
  expect(native!.some(({ bytes }) => bytes!.length > 0)).toBe(true);
});

test.each(['gpt2', 'smollm', 'llama3'] as const)('%s: a byte-level token has as many bytes as its piece has characters', async (style) => {
  const tokenizer = await loadTokenizer(folderOf(style));
  const encoded = await tokenizer.encode(texts, { bytes: true });
  const special = new Set(tokenizer.info.specialIds);
  const wrong = encoded.flatMap(({ ids, bytes }) => [...ids].filter((id, i) => !special.has(id) && tokenizer.piece(id)!.length !== bytes![i]));
  expect(wrong).toEqual([]);
  expect(encoded.length).toBe(texts.length);
});

test.each(['gpt2', 'smollm', 'llama3', 'gemma'] as const)("%s: where nothing is normalized, the library's own spans divide the text alike", async (style) => {
  const file = await readTokenizerFile(folderOf(style));
  const library = await openNative(file, await importNative());
  const surfaces = surfacesOf(file.definition, 1000);
  const wellFormed = texts.map((text) => text.toWellFormed());
  const encodings = await library.encode(wellFormed);
  const wrong = wellFormed.filter((text, i) => {
    const { ids, spans } = encodings[i]!;
    return bytesBySurface(text, ids, surfaces)?.join() !== bytesBySpan(text, ids, surfaces, spans!()).join();
  });
  expect(wrong).toEqual([]);
  expect(encodings).toHaveLength(texts.length);
});

test('a character cut into byte tokens gives each its own bytes', async () => {
  expect(await counted('gpt2', 'a𠮷')).toEqual([['a', 1], ['ð', 1], ['ł', 1], ['®', 1], ['·', 1]]);
  expect(await counted('llama2', '𠮷')).toEqual([['▁', 0], ['<0xF0>', 1], ['<0xA0>', 1], ['<0xAE>', 1], ['<0xB7>', 1]]);
});

test('a space that the tokenizer puts before a text has no bytes, a space of the text has one', async () => {
  const first = async (style: Style, text: string): Promise<unknown> => (await counted(style, text))[0];
  expect(await first('llama2', 'Hello')).toEqual(['▁H', 1]);
  expect(await first('llama2', ' Hello')).toEqual(['▁', 0]);
  expect(await first('mistral', ' Hello')).toEqual(['▁H', 2]);
  expect(await first('gemma', ' Hello')).toEqual(['▁H', 2]);
});

test('a "▁" of the text has its three bytes, though the vocabulary writes spaces the same way', async () => {
  expect(await counted('mistral', '▁ ▁')).toEqual([['▁', 3], ['▁', 1], ['▁', 3]]);
});

test('a composed character has the bytes of what it was composed from', async () => {
  for (const library of ['native', 'javascript'] as const) {
    expect(await counted('qwen', 'e\u0301 e\u0301', library)).toEqual([['Ã©', 3], ['Ġ', 1], ['Ã©', 3]]);
    expect(await counted('qwen', '\u1112\u1161\u11ab', library)).toEqual([['í', 3], ['ķ', 3], ['ľ', 3]]);
  }
});

test('a special token written as text has the bytes of its letters', async () => {
  expect((await counted('qwen', 'é<|im_end|>é')).filter(([piece]) => piece === '<|im_end|>')).toEqual([['<|im_end|>', 10]]);
});

test('text that no token stands for counts towards the token after it, at the end towards the last one', async () => {
  expect(await counted('wordpiece', '  the\u0301  the ')).toEqual([['the', 5], ['the', 8]]);
  expect(await counted('stripping', 'a \n<mask>')).toEqual([['Ġa', 1], ['<mask>', 8]]);
});

test('the tokens of an unknown or changed stretch share its bytes in proportion to what they stand for', () => {
  const surfaces = { spelling: 'literal', prefixSpace: 'none', normalForm: null, starts: Int32Array.of(0, 1, 3, 7), bytes: new Uint8Array(7), cutsText: new Uint8Array(3) } as const;
  expect([...bytesBySpan('abcdefg', [0, 1, 2], surfaces, [[0, 7], [0, 7], [0, 7]])]).toEqual([1, 2, 4]);
  expect([...bytesBySpan('éé', [0, 1], surfaces, [[0, 2], [0, 2]])]).toEqual([1, 3]);
  expect([...bytesBySpan('𠮷a', [0, 0], surfaces, [[0, 1], [1, 2]])]).toEqual([4, 1]);
  expect([...bytesBySpan('a  b  ', [0, 0], surfaces, [[0, 1], [3, 4]])]).toEqual([1, 5]);
  expect([...bytesBySpan('  ', [], surfaces, [])]).toEqual([]);
});

test('a text the surfaces do not follow is not guessed at', () => {
  const surfaces = { spelling: 'literal', prefixSpace: 'none', normalForm: null, starts: Int32Array.of(0, 1, 2), bytes: new TextEncoder().encode('ab'), cutsText: new Uint8Array(2) } as const;
  expect([...bytesBySurface('abba', [0, 1, 1, 0], surfaces)!]).toEqual([1, 1, 1, 1]);
  expect(bytesBySurface('abbA', [0, 1, 1, 0], surfaces)).toBeNull();
  expect(bytesBySurface('abba', [0, 1, 1], surfaces)).toBeNull();
  expect(bytesBySurface('abb', [0, 1, 1, 0], surfaces)).toBeNull();
});

test('without spans a text that cannot be followed is refused, and the native library divides it', async () => {
  await expect(counted('qwen', NEEDS_SPANS, 'javascript')).rejects.toThrow(/cannot be told without the native tokenizer library/);
  const native = await counted('qwen', NEEDS_SPANS);
  expect(native[0]).toEqual(['<|endoftext|>', 13]);
  expect(native.reduce((sum, [, bytes]) => sum + bytes, 0)).toBe(Buffer.byteLength(NEEDS_SPANS));
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDefinition } from '../../src/tokenizer/definition.js';
import { planJavascript } from '../../src/tokenizer/javascript-plan.js';
import { loadTokenizer } from '../../src/tokenizer/load-tokenizer.js';
import { EXACT_IN_JAVASCRIPT, folderOf, type Style } from './fixture.js';
import { changed, type TokenizerJson } from './tokenizer-folder.js';

const BYTES = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };

type Change = (json: TokenizerJson) => void;

function refusalsOf(style: Style, change: Change = () => undefined): readonly string[] {
  const json = JSON.parse(readFileSync(join(folderOf(style), 'tokenizer.json'), 'utf8')) as TokenizerJson;
  change(json);
  return planJavascript(parseDefinition(json)).refusals;
}

function rename(vocab: Record<string, number>, from: string, to: string): Record<string, number> {
  return Object.fromEntries(Object.entries(vocab).map(([piece, id]) => [piece === from ? to : piece, id]));
}

test.each(EXACT_IN_JAVASCRIPT)('a %s tokenizer can be respelt', (style) => {
  expect(refusalsOf(style)).toEqual([]);
});

describe('what the JavaScript library would get wrong is refused by name', () => {
  const split = (settings: object): object => ({ type: 'Sequence', pretokenizers: [{ type: 'Split', invert: false, ...settings }, BYTES] });
  const cases: readonly [string, Style, Change][] = [
    ['the normalizer Lowercase', 'gpt2', (json) => (json.normalizer = { type: 'Lowercase' })],
    ['the normalizer NFKC', 'gpt2', (json) => (json.normalizer = { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'NFKC' }] })],
    ['the normalizer Replace (pattern: {"String":"a"}, content: "$1")', 'llama2', (json) => (json.normalizer = { type: 'Replace', pattern: { String: 'a' }, content: '$1' })],
    ['the normalizer Precompiled (precompiled_charsmap: "AAAA")', 'gpt2', (json) => (json.normalizer = { type: 'Precompiled', precompiled_charsmap: 'AAAA' })],
    ['the pre-tokenizer ByteLevel (add_prefix_space: true)', 'gpt2', (json) => (json.pre_tokenizer = { type: 'ByteLevel', add_prefix_space: true })],
    ['the pre-tokenizer Metaspace (prepend_scheme: "first")', 'mistral', (json) => (json.pre_tokenizer = { type: 'Sequence', pretokenizers: [{ type: 'Digits' }, { type: 'Metaspace', prepend_scheme: 'first' }] })],
    ['the pre-tokenizer Whitespace', 'llama2', (json) => (json.pre_tokenizer = { type: 'Whitespace' })],
    ['the pre-tokenizer Split (invert: false, pattern: {"Regex":"a++|b"}, behavior: "Isolated")', 'llama3', (json) => (json.pre_tokenizer = split({ pattern: { Regex: 'a++|b' }, behavior: 'Isolated' }))],
    ['the pre-tokenizer Split (invert: false, pattern: {"Regex":"(?>a|b)"}, behavior: "Isolated")', 'llama3', (json) => (json.pre_tokenizer = split({ pattern: { Regex: '(?>a|b)' }, behavior: 'Isolated' }))],
    ['the pre-tokenizer Split (invert: true, pattern: {"Regex":"a"}, behavior: "Isolated")', 'llama3', (json) => (json.pre_tokenizer = split({ pattern: { Regex: 'a' }, behavior: 'Isolated', invert: true }))],
    ['the pre-tokenizer Split (invert: false, pattern: {"Regex":"a"}, behavior: "MergedWithNext")', 'llama3', (json) => (json.pre_tokenizer = split({ pattern: { Regex: 'a' }, behavior: 'MergedWithNext' }))],
    ['unknown tokens (its vocabulary has no token for every byte)', 'llama2', (json) => (json.model['byte_fallback'] = false)],
    ['unknown tokens (its vocabulary has no token for every byte)', 'gpt2', (json) => (json.model.vocab = rename(json.model.vocab, 'Ā', 'ĀĀ'))],
    ["the model's end_of_word_suffix", 'gpt2', (json) => (json.model['end_of_word_suffix'] = '</w>')],
    ['the added token "<|endoftext|>" (single_word)', 'gpt2', (json) => (json.added_tokens[0]!['single_word'] = true)],
    ['the added token "<|endoftext|>" (rstrip)', 'gpt2', (json) => (json.added_tokens[0]!['rstrip'] = true)],
    ['the added token "<s>" (normalized, behind a prefix space)', 'llama2', (json) => (json.added_tokens[1]!['normalized'] = true)],
    ['the id 777 of the added token "<|endoftext|>"', 'gpt2', (json) => (json.added_tokens[0]!['id'] = 777)],
  ];
  test.each(cases)('%s', (reason, style, change) => {
    expect(refusalsOf(style, change)).toEqual([reason]);
  });
});

test('a quantifier behind a property or inside a character class is not possessive', () => {
  const change: Change = (json) => (json.pre_tokenizer = { type: 'Sequence', pretokenizers: [{ type: 'Split', pattern: { Regex: String.raw`\p{L}+|[*+]+|\x{41}+|[^\]+]+` }, behavior: 'Isolated', invert: false }, BYTES] });
  expect(refusalsOf('llama3', change)).toEqual([]);
});

describe('a step that is respelt gives the native ids', () => {
  const texts = ['a b  c', '  a ', '▁a▁▁b▁', 'x1y22z333 ٣٤ Ⅷ½', 'a\u0085b\ufeff c', '  ', ' a\n\n b', '12 34 5678'];
  const metaspace = (settings: object): Change => (json) => (json.pre_tokenizer = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', ...settings });
  const withBytes = (step: object): Change => (json) => (json.pre_tokenizer = { type: 'Sequence', pretokenizers: [step, BYTES] });
  const cases: readonly [string, Style, Change][] = [
    ['Metaspace that splits', 'mistral', metaspace({ split: true })],
    ['Metaspace that splits and never adds a space', 'mistral', metaspace({ split: true, prepend_scheme: 'never' })],
    ['Split merged with the previous piece', 'llama3', withBytes({ type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithPrevious', invert: false })],
    ['Split merged with the next piece', 'llama3', withBytes({ type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithNext', invert: false })],
    ['Split at a string', 'llama3', withBytes({ type: 'Split', pattern: { String: 'a ' }, behavior: 'Isolated', invert: false })],
    ['Split by what is kept', 'llama3', withBytes({ type: 'Split', pattern: { Regex: String.raw`\p{N}{1,2}|[^\p{N}]` }, behavior: 'Removed', invert: true })],
    ['digits in groups', 'llama3', withBytes({ type: 'Digits', individual_digits: false })],
    ['digits one by one', 'llama3', withBytes({ type: 'Digits', individual_digits: true })],
  ];
  test.each(cases)('%s', async (_, style, change) => {
    const folder = await changed(style, change);
    const idsBy = async (library: 'native' | 'javascript'): Promise<number[][]> => (await (await loadTokenizer(folder, { library })).encode(texts, { bytes: false })).map(({ ids }) => [...ids]);
    const native = await idsBy('native');
    expect(await idsBy('javascript')).toEqual(native);
    expect(native.flat().length).toBeGreaterThan(texts.length);
  });
});

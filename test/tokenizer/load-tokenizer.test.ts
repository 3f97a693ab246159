import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { loadTokenizer } from '../../src/tokenizer/load-tokenizer.js';
import type { Tokenizer, TokenizerInfo } from '../../src/tokenizer/tokenizer.js';
import { folderOf, type Style } from './fixture.js';
import { changed, copyOf, folderWith } from './tokenizer-folder.js';

const infoOf = async (path: string): Promise<TokenizerInfo> => (await loadTokenizer(path)).info;

describe('where BOS and EOS come from', () => {
  const cases: readonly [Style, Partial<TokenizerInfo>][] = [
    ['gpt2', { bosId: 700, bosSource: 'config.json', eosId: 700, eosSource: 'config.json', addsBos: false }],
    ['gpt-neox', { bosId: 0, bosSource: 'tokenizer_config.json', eosId: 0, addsBos: false }],
    ['smollm', { bosId: 0, bosSource: 'special_tokens_map.json', eosId: 2, eosSource: 'special_tokens_map.json', addsBos: false }],
    ['qwen', { bosId: 700, bosSource: 'config.json', eosId: 702, eosSource: 'tokenizer_config.json', addsBos: false }],
    ['llama3', { bosId: 700, bosSource: 'config.json', eosId: 701, eosSource: 'config.json', addsBos: true }],
    ['llama2', { bosId: 1, bosSource: 'tokenizer_config.json', eosId: 2, eosSource: 'tokenizer_config.json', addsBos: true }],
    ['mistral', { bosId: 1, bosSource: 'generation_config.json', eosId: 2, eosSource: 'generation_config.json', addsBos: true }],
    ['unigram', { bosId: null, bosSource: null, eosId: 1, eosSource: 'tokenizer_config.json', addsBos: false }],
    ['wordpiece', { bosId: 2, bosSource: 'post-processor', eosId: null, eosSource: null, addsBos: true }],
  ];
  test.each(cases)('%s', async (style, wanted) => {
    expect(await infoOf(folderOf(style))).toMatchObject(wanted);
  });

  test('a named token that tokenizer.json lacks is passed over with a note', async () => {
    const folder = await changed('gpt2', () => undefined, { 'tokenizer_config.json': { bos_token: '<nowhere>' }, 'config.json': { bos_token_id: 700 } });
    const info = await infoOf(folder);
    expect(info).toMatchObject({ bosId: 700, bosSource: 'config.json' });
    expect(info.notes).toEqual(['tokenizer_config.json names "<nowhere>" as bos_token, and tokenizer.json has no such token; the name is ignored.']);
  });

  test('a tokenizer that begins texts with another token than the BOS it names is reported', async () => {
    const folder = await changed('llama2', () => undefined, { 'tokenizer_config.json': { bos_token: '</s>' } });
    const info = await infoOf(folder);
    expect(info).toMatchObject({ bosId: 2, addsBos: false });
    expect(info.notes).toEqual(['The tokenizer begins a text with "<s>", and tokenizer_config.json gives BOS the id 2; the latter is used.']);
  });

  test('an EOS that the post-processor appends is not taken for a BOS', async () => {
    const info = await infoOf(await changed('unigram', () => undefined, { 'tokenizer_config.json': { bos_token: '</s>', eos_token: '</s>' } }));
    expect(info).toMatchObject({ bosId: 1, eosId: 1, addsBos: false, notes: [] });
  });

  test('tokens that only tokenizer_config.json adds are reported: AutoTokenizer would know them', async () => {
    const added = { 700: { content: '<|endoftext|>' }, 701: { content: '<|extra|>' } };
    const { notes } = await infoOf(await changed('gpt2', () => undefined, { 'tokenizer_config.json': { added_tokens_decoder: added } }));
    expect(notes).toEqual([expect.stringContaining('"<|extra|>", which tokenizer.json lacks')]);
  });

  test('a damaged companion is an error, not a missing BOS', async () => {
    const folder = await changed('gpt2', () => undefined, { 'config.json': '{"bos_token_id": 7' });
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ kind: 'io', message: expect.stringContaining(join(folder, 'config.json')) as string });
  });
});

test('the hash is the sha256 of tokenizer.json, and the file may be named itself', async () => {
  const path = join(folderOf('gpt2'), 'tokenizer.json');
  const hash = createHash('sha256').update(await readFile(path)).digest('hex');
  expect((await infoOf(path)).hash).toBe(hash);
  expect(await infoOf(path)).toEqual(await infoOf(folderOf('gpt2')));
});

test('special ids are those of added tokens marked special, ascending', async () => {
  expect((await infoOf(folderOf('qwen'))).specialIds).toEqual([700, 701, 702]);
});

test('the largest id counts where ids have gaps', async () => {
  const folder = await changed('gpt2', (json) => {
    json.model.vocab['zz'] = 5000;
    json.added_tokens = [];
  });
  expect(await infoOf(folder)).toMatchObject({ vocabSize: 701, maxId: 5000 });
});

test('truncation and padding in tokenizer.json are switched off, and a note says so', async () => {
  const tokenizer = await loadTokenizer(folderOf('llama3'));
  const [long, short] = await tokenizer.encode(['word '.repeat(50), 'a'], { bytes: false });
  expect(long!.ids.length).toBeGreaterThan(50);
  expect([...short!.ids]).toEqual([64]);
  expect(tokenizer.info.notes).toEqual([expect.stringContaining('truncation'), expect.stringContaining('padding')]);
});

test('BOS and EOS are never among the ids, though the tokenizer would add them', async () => {
  const tokenizer = await loadTokenizer(folderOf('stripping'));
  const [{ ids }] = (await tokenizer.encode(['hello'], { bytes: false })) as [{ ids: Int32Array }];
  expect(tokenizer.info.addsBos).toBe(true);
  expect([...ids]).not.toContain(tokenizer.info.bosId);
  expect([...ids]).not.toContain(tokenizer.info.eosId);
});

test('an empty text has no tokens, and no texts give no results', async () => {
  const tokenizer = await loadTokenizer(folderOf('llama2'));
  expect(await tokenizer.encode([''], { bytes: true })).toEqual([{ ids: new Int32Array(), bytes: new Int32Array() }]);
  expect(await tokenizer.encode([], { bytes: true })).toEqual([]);
  expect(await tokenizer.decode([])).toBe('');
});

test('a token can be shown as its vocabulary entry and as the text it stands for', async () => {
  const [gpt2, llama2] = [await loadTokenizer(folderOf('gpt2')), await loadTokenizer(folderOf('llama2'))];
  const shown = async (text: string, tokenizer: Tokenizer): Promise<unknown> => {
    const [encoded] = await tokenizer.encode([text], { bytes: false });
    return [...encoded!.ids].map((id) => [tokenizer.piece(id), tokenizer.tokenText(id)]);
  };
  expect(await shown(' the é', gpt2)).toEqual([['Ġthe', ' the'], ['Ġ', ' '], ['Ã©', 'é']]);
  expect(await shown('é\x07', llama2)).toEqual([['▁', ' '], ['é', 'é'], ['<0x07>', '\x07']]);
  expect([gpt2.piece(700), gpt2.tokenText(700), gpt2.piece(701), gpt2.tokenText(-1)]).toEqual(['<|endoftext|>', '<|endoftext|>', null, null]);
  const idOf = (piece: string): number => Array.from({ length: 900 }, (_, id) => id).find((id) => llama2.piece(id) === piece)!;
  expect([llama2.tokenText(idOf('<0xFF>')), llama2.tokenText(idOf('<0xE2>')), llama2.tokenText(idOf('<0x20>'))]).toEqual(['\ufffd', '\ufffd', ' ']);
  expect(gpt2.tokenText((await gpt2.encode(['𠮷'], { bytes: false }))[0]!.ids[0]!)).toBe('\ufffd');
});

describe('a folder without tokenizer.json', () => {
  const cases: readonly [string, Record<string, string>, RegExp][] = [
    ['a SentencePiece model', { 'tokenizer.model': 'x', 'config.json': '{}' }, /SentencePiece.*save_pretrained/],
    ['vocab.json and merges.txt', { 'vocab.json': '{}', 'merges.txt': '' }, /vocab\.json and merges\.txt.*save_pretrained/],
    ['nothing of use', { 'config.json': '{}' }, /has a tokenizer\.json/],
  ];
  test.each(cases)('that has %s is refused with advice', async (_, files, advice) => {
    const folder = await folderWith(files);
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ kind: 'usage', message: `${folder} has no tokenizer.json`, advice: expect.stringMatching(advice) as string });
  });

  test('that does not exist is named', async () => {
    await expect(loadTokenizer('/nowhere/at/all')).rejects.toMatchObject({ kind: 'usage', message: expect.stringContaining('/nowhere/at/all') as string });
  });

  test('but a file of another format is told apart', async () => {
    const folder = await folderWith({ 'tokenizer.model': 'x' });
    await expect(loadTokenizer(join(folder, 'tokenizer.model'))).rejects.toMatchObject({ kind: 'usage', advice: expect.stringContaining('save_pretrained') as string });
  });
});

describe('a tokenizer.json that makes no sense', () => {
  const cases: readonly [string, unknown, RegExp][] = [
    ['is cut off', '{"model": {"type": "BPE", "vo', /is none: .*JSON/],
    ['is a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n', /is none/],
    ['has no model', { version: '1.0' }, /no "model" object/],
    ['has no vocabulary', { model: { type: 'BPE' } }, /no "vocab"/],
    ['has an id that is no number', { model: { type: 'BPE', vocab: { a: 'b' }, merges: [] } }, /gives "a" no id/],
    ['has an unknown model', { version: '1.0', model: { type: 'Nonsense', vocab: {} } }, /the library can read/],
  ];
  test.each(cases)('because it %s is an error that says so', async (_, json, message) => {
    const folder = await folderWith({ 'tokenizer.json': json });
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ kind: 'io', message: expect.stringMatching(message) as string });
  });

  test('because it is not UTF-8 is an error', async () => {
    const folder = await copyOf('gpt2');
    await writeFile(join(folder, 'tokenizer.json'), Buffer.concat([await readFile(join(folder, 'tokenizer.json')), Buffer.of(0xff)]));
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ kind: 'io' });
  });

  test('because an added token has another id than the library would give it is an error', async () => {
    const folder = await changed('gpt2', (json) => (json.added_tokens[0]!['id'] = 777));
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ kind: 'io', message: expect.stringContaining('"<|endoftext|>" has id 777, the library gives it 700') as string });
    await expect(loadTokenizer(folder, { library: 'javascript' })).rejects.toMatchObject({ kind: 'usage', message: expect.stringContaining('the id 777') as string });
  });
});

test('a tokenizer with BPE dropout, whose ids are random, is refused', async () => {
  const folder = await changed('gpt2', (json) => (json.model['dropout'] = 0.1));
  await expect(loadTokenizer(folder)).rejects.toMatchObject({ kind: 'usage', message: expect.stringContaining('0.1') as string });
});

test('the text that a tokenizer refuses is named, by its place among the texts', async () => {
  const folder = await changed('wordpiece', (json) => (json.model['unk_token'] = '[NONE]'));
  const tokenizer = await loadTokenizer(folder);
  await expect(tokenizer.encode(['the', 'ꙮ'], { bytes: false })).rejects.toMatchObject({ kind: 'io', message: expect.stringMatching(/^the tokenizer refused text 1, of 1 characters: WordPiece error/) as string });
});

describe('where no binary of the native library loads', () => {
  const withoutBinary = async <T>(run: (load: typeof loadTokenizer) => Promise<T>): Promise<T> => {
    vi.resetModules();
    vi.doMock('tokenizers', () => {
      throw new Error('Cannot find native binding');
    });
    try {
      return await run((await import('../../src/tokenizer/load-tokenizer.js')).loadTokenizer);
    } finally {
      vi.doUnmock('tokenizers');
      vi.resetModules();
    }
  };

  test('the JavaScript library takes over, and a note says why', async () => {
    const { info } = await withoutBinary((load) => load(folderOf('gpt2')));
    expect(info.library).toMatchObject({ kind: 'javascript', name: '@huggingface/tokenizers', version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string });
    const reason = `no binary of the native tokenizer library loads on ${process.platform}-${process.arch}`;
    expect(info.notes).toEqual([expect.stringContaining(reason), expect.stringContaining('may get other ids')]);
  });

  test('a tokenizer that the JavaScript library is not exact for is refused, with both reasons', async () => {
    const failure = withoutBinary((load) => load(folderOf('unigram')));
    await expect(failure).rejects.toMatchObject({ kind: 'usage', message: expect.stringMatching(/the model Unigram.*no binary of the native/) as string });
  });

  test('asking for the native library is an error', async () => {
    await expect(withoutBinary((load) => load(folderOf('gpt2'), { library: 'native' }))).rejects.toMatchObject({ kind: 'usage' });
  });
});

test('the native library is the first choice', async () => {
  expect((await infoOf(folderOf('gpt2'))).library).toMatchObject({ kind: 'native', name: 'tokenizers', version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string });
});

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openTaskPool } from '../../src/runtime/task-pool.js';
import { workerFile } from '../../src/runtime/worker-file.js';
import { loadTokenizer } from '../../src/tokenizer/load-tokenizer.js';
import { tokenizeTask, type TokenizedTexts, type TokenizerWorkerData, type TokenizeTask } from '../../src/tokenizer/tokenize-task.js';
import { folderOf, TEXTS } from './fixture.js';
import { changed } from './tokenizer-folder.js';

const texts = TEXTS.slice(0, 80).map(({ text }) => text);

test('the ids and bytes of all texts stand one after the other, with their lengths', async () => {
  const tokenizer = await loadTokenizer(folderOf('llama2'));
  const encoded = await tokenizer.encode(texts, { bytes: true });
  const answer = await tokenizeTask(tokenizer, { texts, bytes: true });
  expect([...answer.lengths]).toEqual(encoded.map(({ ids }) => ids.length));
  expect([...answer.ids]).toEqual(encoded.flatMap(({ ids }) => [...ids]));
  expect([...answer.bytes!]).toEqual(encoded.flatMap(({ bytes }) => [...bytes!]));
  expect(answer.errors).toEqual({});
});

test('bytes are left out where they are not asked for, and an empty text has length 0', async () => {
  const tokenizer = await loadTokenizer(folderOf('gpt2'));
  const answer = await tokenizeTask(tokenizer, { texts: ['', 'a', ''], bytes: false });
  expect(Object.keys(answer).sort()).toEqual(['errors', 'ids', 'lengths']);
  expect([...answer.lengths]).toEqual([0, 1, 0]);
});

test('a text that the tokenizer refuses fails alone: its batch mates keep their ids', async () => {
  const tokenizer = await loadTokenizer(await changed('wordpiece', (json) => (json.model['unk_token'] = '[NONE]')));
  const [alone] = await tokenizer.encode(['the'], { bytes: true });
  const answer = await tokenizeTask(tokenizer, { texts: ['the', 'ꙮ', 'the'], bytes: true });
  expect([...answer.lengths]).toEqual([alone!.ids.length, -1, alone!.ids.length]);
  expect([...answer.ids]).toEqual([...alone!.ids, ...alone!.ids]);
  expect([...answer.bytes!]).toEqual([...alone!.bytes!, ...alone!.bytes!]);
  expect(answer.errors).toEqual({ 1: expect.stringContaining('the tokenizer refused text 0') as string });
});

const worker = workerFile('./tokenizer.worker.js', new URL('../../src/tokenizer/tokenize-task.ts', import.meta.url).href);

test.each(['native', 'javascript'] as const)('workers answer as the calling thread would, with the %s library', async (library) => {
  expect(existsSync(fileURLToPath(worker)), 'workers are tested as built: npm run build').toBe(true);
  const here = await tokenizeTask(await loadTokenizer(folderOf('qwen'), { library }), { texts, bytes: true });
  const pool = openTaskPool<TokenizeTask, TokenizedTexts>(worker, 2, { path: folderOf('qwen'), library } satisfies TokenizerWorkerData);
  try {
    const answers = await Promise.all([1, 2, 3, 4].map(() => pool.run({ texts, bytes: true })));
    expect(answers).toEqual([here, here, here, here]);
  } finally {
    await pool.close();
  }
});

import { move, transferableSymbol, valueSymbol, workerData } from 'piscina';
import { loadTokenizer } from './load-tokenizer.js';
import { tokenizeTask, type TokenizedTexts, type TokenizerWorkerData, type TokenizeTask } from './tokenize-task.js';
import type { Tokenizer } from './tokenizer.js';

let loading: Promise<Tokenizer> | undefined;

/** One tokenizer per worker thread, loaded with the first task. */
export default async function handle(task: TokenizeTask): Promise<TokenizedTexts> {
  const { path, library } = workerData as TokenizerWorkerData;
  const tokenizer = await (loading ??= loadTokenizer(path, { library }));
  const result = await tokenizeTask(tokenizer, task);
  const buffers = [result.ids, result.lengths, result.bytes].flatMap((array) => (array === undefined ? [] : [array.buffer]));
  return move({ [transferableSymbol]: buffers, [valueSymbol]: result }) as unknown as TokenizedTexts;
}

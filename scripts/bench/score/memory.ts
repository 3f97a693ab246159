import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { watchedNode } from '../watched-process.js';
import type { BenchBatch } from './bench-batches.js';
import { startPyTorch } from './pytorch.js';

const CLI = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const HEAD_PROCESS = fileURLToPath(new URL('head-memory.process.ts', import.meta.url));

export interface ScoreCommand {
  readonly corpus: string;
  readonly model: string;
  readonly tokenizer: string;
  readonly run: string;
  readonly threads: number;
  readonly batchTokens: number;
  readonly stride: number;
}

/** Largest resident set of `touchstone score`, the built one, from its start to its end. */
export async function peakOfScore({ corpus, model, tokenizer, run, threads, batchTokens, stride }: ScoreCommand): Promise<number> {
  const set = (key: string, value: string | number): string[] => ['--set', `${key}=${value}`];
  const args = [CLI, 'score', '--corpus', corpus, '--model', model, '--out', run, ...set('tokenizer.path', tokenizer), ...set('runtime.threads', threads)];
  return (await watchedNode([...args, ...set('runtime.batchTokens', batchTokens), ...set('windows.stride', stride), '--quiet'])).peakMiB;
}

/** Largest resident set of a process that loads the model into PyTorch and scores the batch a few times. */
export async function peakOfPyTorch(python: string, model: string, threads: number, { batch }: BenchBatch): Promise<number> {
  const pytorch = await startPyTorch(python, model, threads);
  for (let round = 0; round < 3; round++) await pytorch.score(batch);
  const peak = await pytorch.peakMiB();
  await pytorch.close();
  return peak;
}

export interface HeadMemory {
  readonly loadedMiB: number;
  readonly aboveMiB: number;
}

/** What one batch of sequences x length takes above the loaded model. */
export async function memoryOfBatch(model: string, sequences: number, length: number, threads: number, entropy: boolean): Promise<HeadMemory> {
  const args = [...process.execArgv, HEAD_PROCESS, model, String(sequences), String(length), String(threads), ...(entropy ? ['entropy'] : [])];
  return JSON.parse((await watchedNode(args)).output) as HeadMemory;
}

/** Documents of at least `characters` characters, made of the texts of a JSON Lines file one after the other: nearly all of their windows are full. */
export async function writeLongDocuments(path: string, texts: readonly string[], characters: number, documents: number): Promise<void> {
  const lines: string[] = [];
  for (let at = 0, text = ''; lines.length < documents; at++) {
    text += `${texts[at % texts.length]!}\n`;
    if (text.length < characters) continue;
    lines.push(`${JSON.stringify({ id: `long-${lines.length}`, text })}\n`);
    text = '';
  }
  await writeFile(path, lines);
}

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { BenchBatch } from './bench-batches.js';
import { startPyTorch } from './pytorch.js';
import { residentSet } from './resident-set.js';

const CLI = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const HEAD_PROCESS = fileURLToPath(new URL('head-memory.process.ts', import.meta.url));
const POLL_MS = 20;

/** Whether this system says how much memory a process uses. */
export const memoryIsKnown = existsSync('/proc/self/clear_refs');

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
  return (await watched([...args, ...set('runtime.batchTokens', batchTokens), ...set('windows.stride', stride), '--quiet'])).peakMiB;
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
  return JSON.parse((await watched(args)).output) as HeadMemory;
}

/** Runs Node with these arguments to its end and looks at its memory all the while. */
function watched(args: readonly string[]): Promise<{ readonly output: string; readonly peakMiB: number }> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  let peakMiB = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const poll = setInterval(() => {
    peakMiB = Math.max(peakMiB, residentSet(child.pid!)?.peakMiB ?? 0);
  }, POLL_MS);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      clearInterval(poll);
      if (code === 0) resolve({ output, peakMiB });
      else reject(new Error(`node ${args.join(' ')} ended with exit code ${code}`));
    });
  });
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

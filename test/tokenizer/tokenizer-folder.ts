import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { folderOf, type Style } from './fixture.js';

/** A temporary folder with these files, removed when the test ends; values that are no strings are written as JSON. */
export async function folderWith(files: Readonly<Record<string, unknown>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tokenizer-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  return folder;
}

/** tokenizer.json of a fixture, with changes, beside the given companions. */
export async function changed(style: Style, change: (json: TokenizerJson) => void, companions: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const json = JSON.parse(await readFile(join(folderOf(style), 'tokenizer.json'), 'utf8')) as TokenizerJson;
  change(json);
  return await folderWith({ 'tokenizer.json': json, ...companions });
}

/** A copy of a fixture's folder. */
export async function copyOf(style: Style): Promise<string> {
  const folder = await folderWith({});
  await cp(folderOf(style), folder, { recursive: true });
  return folder;
}

export interface TokenizerJson {
  model: Record<string, unknown> & { vocab: Record<string, number> };
  added_tokens: Record<string, unknown>[];
  normalizer: unknown;
  pre_tokenizer: unknown;
  post_processor: unknown;
  [key: string]: unknown;
}

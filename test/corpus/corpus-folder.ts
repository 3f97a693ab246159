import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { CorpusItem, Document, LeftOut } from '../../src/records.js';
import type { ReadOptions } from '../../src/corpus/document.js';
import { findCorpusFiles } from '../../src/corpus/find-files.js';
import { readUnit } from '../../src/corpus/read-unit.js';
import { planUnits } from '../../src/corpus/units.js';

/** A temporary folder for the files of one test, gone when the test ends. */
export async function corpusFolder(): Promise<{ path: string; write: (name: string, content: string | Uint8Array) => Promise<string> }> {
  const path = await mkdtemp(join(tmpdir(), 'touchstone-corpus-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return {
    path,
    write: async (name, content) => {
      const location = join(path, name);
      await mkdir(dirname(location), { recursive: true });
      await writeFile(location, content);
      return location;
    },
  };
}

export const readOptions: ReadOptions = { textField: ['text'], idField: 'id', sourceField: 'source', maxLineBytes: 1_000_000 };

/** Everything a corpus holds, through all units. */
export async function readCorpus(paths: readonly string[], options: Partial<ReadOptions> = {}, unitBytes = 1e9): Promise<CorpusItem[]> {
  const { files } = await findCorpusFiles({ paths });
  const items: CorpusItem[] = [];
  for (const unit of await planUnits(files, { unitBytes })) {
    for await (const item of readUnit(unit, files, { ...readOptions, ...options })) items.push(item);
  }
  return items;
}

/** What a single file of this name and content holds. */
export async function readContent(name: string, content: string | Uint8Array, options: Partial<ReadOptions> = {}, unitBytes = 1e9): Promise<CorpusItem[]> {
  const folder = await corpusFolder();
  return readCorpus([await folder.write(name, content)], options, unitBytes);
}

export function documentsOf(items: readonly CorpusItem[]): Document[] {
  return items.filter((item) => item.kind === 'document');
}

export function leftOutOf(items: readonly CorpusItem[]): LeftOut[] {
  return items.filter((item) => item.kind !== 'document');
}

export async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(Buffer.from(bytes.subarray(at, at + size)));
}

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { ScoreOptions } from '../../src/scoring/options.js';
import { resolveScoreOptions } from '../../src/config/parse-score-options.js';
import { openScoreSet } from '../../src/store/score-set.js';
import type { Row } from '../../src/store/row-group.js';

export const DEMO = fileURLToPath(new URL('../../pipelines/demo/', import.meta.url));
export const DEMO_MODEL = join(DEMO, 'model');

/** A fresh folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-'));
  onTestFinished(() => { rmSync(folder, { recursive: true, force: true }); });
  return folder;
}

export interface DemoDocument {
  readonly id: string;
  readonly text: string;
}

/** The first documents of the demo corpus. */
export function demoDocuments(count: number): DemoDocument[] {
  return readFileSync(join(DEMO, 'corpus.jsonl'), 'utf8').split('\n').slice(0, count).map((line) => JSON.parse(line) as DemoDocument);
}

/** Documents of the demo corpus into which no noise was planted. */
export function cleanDocuments(count: number): DemoDocument[] {
  const records = readFileSync(join(DEMO, 'noise.jsonl'), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as { id: string; spans: readonly unknown[] });
  const clean = new Set(records.filter(({ spans }) => spans.length === 0).map(({ id }) => id));
  return demoDocuments(5 * count).filter(({ id }) => clean.has(id)).slice(0, count);
}

/** Writes lines as a JSONL file; strings are written as they are. */
export function writeJsonl(path: string, lines: readonly (object | string)[]): void {
  writeFileSync(path, lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''));
}

/** Options as the command line would give them. */
export function demoOptions(corpus: string, run: string, ...set: readonly string[]): ScoreOptions {
  return resolveScoreOptions({ set: ['runtime.threads=2', ...set], flags: { corpus: [corpus], model: DEMO_MODEL, out: run }, cwd: process.cwd() });
}

/** Every row of a run, copied. */
export async function allRows(run: string): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of (await openScoreSet(run, { verify: true })).rows()) rows.push(row);
  return rows;
}

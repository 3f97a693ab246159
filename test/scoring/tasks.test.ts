import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareScore } from '../../src/scoring/prepare.js';
import { score, scoreTask } from '../../src/scoring/score.js';
import type { ScoreOptions } from '../../src/scoring/options.js';
import { demoDocuments, demoOptions, temporaryFolder, writeJsonl } from './demo-run.js';

const SETTINGS = ['corpus.unitBytes=4000', 'runtime.batchTokens=512', 'windows.contextLength=64'];

/** Two corpus files of several units each. */
function corpusIn(folder: string): string {
  const documents = demoDocuments(40);
  writeJsonl(join(folder, 'a.jsonl'), documents.slice(0, 20));
  writeJsonl(join(folder, 'b.jsonl'), documents.slice(20));
  return join(folder, '*.jsonl');
}

/** What a run holds for readers. */
const readable = (run: string): string[] => ['manifest.json', '_SUCCESS', ...readdirSync(join(run, 'shards')).map((name) => `shards/${name}`)].map((name) => readFileSync(join(run, name), 'latin1'));

describe('a run scored by tasks', () => {
  let folder: string;
  let whole: string;
  let options: (run: string) => ScoreOptions;
  let units: number;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'touchstone-'));
    const corpus = corpusIn(folder);
    options = (run) => demoOptions(corpus, join(folder, run), ...SETTINGS);
    whole = join(folder, 'whole');
    units = (await score(options('whole'))).manifest.totals.units;
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('has the bytes of a run scored by one command, in whatever order and number its tasks come', async () => {
    expect(units).toBeGreaterThan(6);
    const first = await scoreTask(options('tasks'), { index: 2, count: 3 });
    expect(first.manifest).toBeNull();
    expect(first.unitsScored).toBe(first.slice.end - first.slice.start);
    expect(first.missing).toEqual(Array.from({ length: first.slice.start }, (_, unit) => unit));
    expect(existsSync(join(folder, 'tasks/manifest.json'))).toBe(false);
    await scoreTask(options('tasks'), { index: 0, count: 'units' });
    const last = await scoreTask(options('tasks'), { index: 0, count: 1 });
    expect(last.unitsScored).toBe(units - first.unitsScored - 1);
    expect(last.manifest).not.toBeNull();
    expect(readable(join(folder, 'tasks'))).toEqual(readable(whole));
  });

  it('may be planned, scored and finished by several tasks at the same time', async () => {
    const results = await Promise.all([0, 1, 2].map((index) => scoreTask(options('together'), { index, count: 3 })));
    expect(results.filter(({ manifest }) => manifest !== null).length).toBeGreaterThanOrEqual(1);
    expect(results.reduce((sum, { unitsScored }) => sum + unitsScored, 0)).toBe(units);
    expect(readable(join(folder, 'together'))).toEqual(readable(whole));
  });

  it('has tasks with nothing to do where there are more of them than units', async () => {
    const result = await scoreTask(options('many'), { index: 0, count: units + 1 });
    expect(result).toMatchObject({ unitsScored: 0, slice: { start: 0, end: 0 }, manifest: null });
    await expect(scoreTask(options('many'), { index: units, count: 'units' })).rejects.toThrow(`must be from 0 to ${units - 1}`);
  });

  it('hashes, where a plan is there already, the model and the files a task reads, and no others', async () => {
    cpSync(whole, join(folder, 'planned'), { recursive: true });
    const hashed = async (hooks: Parameters<typeof prepareScore>[1]): Promise<number> => {
      let total = 0;
      await prepareScore(options('planned'), { ...hooks, onHashed: (_, all) => { total = all; } });
      return total;
    };
    const [model, a, b] = [(await prepareScore(options('planned'))).plan].flatMap(({ model, corpus }) => [model.files.reduce((sum, { bytes }) => sum + bytes, 0), ...corpus.files.map(({ bytes }) => bytes)]);
    expect(await hashed({})).toBe(model! + a! + b!);
    expect(await hashed({ task: { index: 0, count: 'units' } })).toBe(model! + a!);
    expect(await hashed({ task: { index: units - 1, count: 'units' } })).toBe(model! + b!);
  });

  it('is refused to a task whose settings, sizes or own files differ, by the first difference', async () => {
    const other = temporaryFolder();
    const corpus = corpusIn(other);
    const run = join(other, 'run');
    const mine = demoOptions(corpus, run, ...SETTINGS);
    await scoreTask(mine, { index: 0, count: 'units' });
    const last = { index: units - 1, count: 'units' } as const;
    await expect(scoreTask(demoOptions(corpus, run, ...SETTINGS, 'windows.stride=8'), last)).rejects.toThrow(/plan\.windows\.stride is 32 in this run and 8/);
    const b = join(other, 'b.jsonl');
    const text = readFileSync(b, 'utf8');
    writeFileSync(b, text.replaceAll('the', 'THE'));
    await expect(scoreTask(mine, last)).rejects.toThrow(/b\.jsonl has changed: .*sha256/);
    await expect(scoreTask(mine, { index: 1, count: 'units' })).resolves.toMatchObject({ unitsScored: 1 });
    writeFileSync(b, `${text}\n`);
    await expect(scoreTask(mine, { index: 2, count: 'units' })).rejects.toThrow(/b\.jsonl has changed: .*bytes is/);
  });
});

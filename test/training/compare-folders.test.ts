import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareFolders } from '../../src/training/compare-folders.js';
import { beforeTraining, metricsLine } from '../../src/training/metrics/step-metrics.js';

let folder: string;

beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'touchstone-folders-')); });
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

/** The log of a run of 100 consumed tokens a step with these losses after steps 0, 10, 20, ... */
function writeRun(name: string, kept: number, losses: readonly number[], set = 'heldout', every = 10): string {
  const run = join(folder, name);
  mkdirSync(run, { recursive: true });
  const records = losses.map((loss, at) => ({ ...beforeTraining([{ name: set, loss }]), step: every * at, consumedTokens: 100 * every * at, trainedTokens: kept * every * at }));
  writeFileSync(join(run, 'metrics.jsonl'), records.map((record) => `${metricsLine(record)}\n`).join(''));
  return run;
}

describe('comparing finished runs', () => {
  it('measures the others against the first, and draws all of them on one page', async () => {
    const runs = [writeRun('plain', 100, [8, 6, 5]), writeRun('selective', 60, [8, 5, 4])];
    const { comparison, text, page, curves } = await compareFolders({ runs, folder: join(folder, 'out') });
    expect(comparison).toMatchObject({ baseline: 'plain', seeds: 1, steps: 20, evaluateEvery: 10 });
    expect(readFileSync(page, 'utf8')).toBe(text);
    expect(text).toContain('- 20 steps: each run consumed 2,000 tokens. Baseline: plain.');
    expect(text).toMatch(/\| selection +\| trained tokens \| loss at equal consumed tokens \| less that of plain \| loss at equal trained tokens \| steps to plain \|/);
    expect(text).toMatch(/\| selective +\| 1,200 +\| 4\.0000 +\| -1\.0000 +\| 4\.0000 +\| 10 +\|/);
    const drawn = readFileSync(curves, 'utf8');
    for (const title of ['plain at 10: 6', 'selective at 10: 5', 'Loss on heldout by tokens trained on', '<th scope="col">steps to plain</th>']) expect(drawn).toContain(title);
    expect(drawn).not.toContain('<script');
  });

  it('puts its pages in place of earlier ones, which whoever reads them sees to their end', async () => {
    const runs = [writeRun('first', 100, [8, 6, 5]), writeRun('second', 60, [8, 5, 4])];
    const written = await compareFolders({ runs, folder: join(folder, 'replaced') });
    const paths = [written.page, written.curves];
    const before = paths.map((path) => readFileSync(path, 'utf8'));
    const readers = paths.map((path) => openSync(path, 'r'));
    await compareFolders({ runs: [...runs, writeRun('third', 50, [8, 5, 3])], folder: join(folder, 'replaced') });
    expect(readers.map((reader) => readFileSync(reader, 'utf8'))).toEqual(before);
    for (const reader of readers) closeSync(reader);
    for (const path of paths) expect(readFileSync(path, 'utf8')).toContain('third');
  });

  it('escapes names of folders and sets on the page, and keeps them inside their cells of the table', async () => {
    const runs = [writeRun('a|b', 100, [2, 1], '<b>set</b>'), writeRun('<i>c', 100, [2, 1], '<b>set</b>')];
    const { text, curves } = await compareFolders({ runs, folder: join(folder, 'escaped') });
    expect(text).toContain('| a b ');
    expect(readFileSync(curves, 'utf8')).not.toMatch(/<b>set|<i>c/);
  });

  it('refuses one run, two of a name, a folder without a log, and runs that took another course', async () => {
    const plain = writeRun('plain', 100, [8, 6, 5]);
    const out = join(folder, 'refused');
    await expect(compareFolders({ runs: [plain], folder: out })).rejects.toThrow('two or more runs, got 1');
    await expect(compareFolders({ runs: [plain, `${plain}/`], folder: out })).rejects.toThrow('two are called plain');
    await expect(compareFolders({ runs: [plain, join(folder, 'nothing')], folder: out })).rejects.toThrow('nothing/metrics.jsonl');
    await expect(compareFolders({ runs: [plain, writeRun('unfinished', 100, [8, 6])], folder: out })).rejects.toThrow('evaluation 2 of unfinished must be that of plain, step 20 after 2000 tokens on heldout, it is none');
    await expect(compareFolders({ runs: [plain, writeRun('elsewhere', 100, [8, 6, 5], 'test')], folder: out })).rejects.toThrow('it is step 0 after 0 tokens on test');
    await expect(compareFolders({ runs: [plain, writeRun('slower', 100, [8, 6, 5], 'heldout', 5)], folder: out })).rejects.toThrow('it is step 5 after 500 tokens');
  });
});

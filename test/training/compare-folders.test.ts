import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareFolders } from '../../src/training/compare-folders.js';
import { writeRunRecord, type RunRecord } from '../../src/training/run-record.js';
import { beforeTraining, metricsLine } from '../../src/training/metrics/step-metrics.js';

let folder: string;

beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'touchstone-folders-')); });
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

/** Writes the record of a run that was made with these settings and has a held-out set of this hash. */
async function writeRecord(run: string, settings: RunRecord['settings'], sha256 = 'a'.repeat(64)): Promise<void> {
  const room = {};
  await writeRunRecord(run, {
    formatVersion: 1,
    tool: { name: 'touchstone', version: '0.1.0', onnxruntime: '1.29.0', node: '20.20.2', platform: 'linux x64' },
    device: 'cpu',
    settings,
    settingsHash: 'b'.repeat(64),
    options: { objective: room, model: room, tokenizer: room, data: room, batch: room, optimizer: room, selection: room, run: room, output: room },
    data: { kind: 'corpus', paths: ['corpus.jsonl'], sha256: 'c'.repeat(64) },
    evaluation: { heldout: { path: '/data/heldout.jsonl', sha256, documents: 2, tokens: 30 } },
  });
}

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
    expect(readFileSync(page!, 'utf8')).toBe(text);
    expect(text).toContain('- 20 steps: each run consumed 2,000 tokens. Baseline: plain.');
    expect(text).toMatch(/\| selection +\| trained tokens \| loss at equal consumed tokens \| less that of plain \| loss at equal trained tokens \| steps to plain \|/);
    expect(text).toMatch(/\| selective +\| 1,200 +\| 4\.0000 +\| -1\.0000 +\| 4\.0000 +\| 10 +\|/);
    const drawn = readFileSync(curves!, 'utf8');
    for (const title of ['plain at 10: 6', 'selective at 10: 5', 'Loss on heldout by tokens trained on', '<th scope="col">steps to plain</th>']) expect(drawn).toContain(title);
    expect(drawn).not.toContain('<script');
  });

  it('puts its pages in place of earlier ones, which whoever reads them sees to their end', async () => {
    const runs = [writeRun('first', 100, [8, 6, 5]), writeRun('second', 60, [8, 5, 4])];
    const written = await compareFolders({ runs, folder: join(folder, 'replaced') });
    const paths = [written.page!, written.curves!];
    const before = paths.map((path) => readFileSync(path, 'utf8'));
    const readers = paths.map((path) => openSync(path, 'r'));
    await compareFolders({ runs: [...runs, writeRun('third', 50, [8, 5, 3])], folder: join(folder, 'replaced') });
    expect(readers.map((reader) => readFileSync(reader, 'utf8'))).toEqual(before);
    for (const reader of readers) closeSync(reader);
    for (const path of paths) expect(readFileSync(path, 'utf8')).toContain('third');
  });

  it('says what each run was trained on, and lists every setting in which they differ, in the table and on the page', async () => {
    const runs = [writeRun('baseline', 100, [8, 6, 5]), writeRun('half', 50, [8, 5, 4])];
    const [half, whole] = [{ 'selection.score': 'excess', 'selection.keepFraction': 0.5, 'selection.threshold': null, 'selection.scope': 'batch', 'selection.referenceLossCap': null, 'selection.warmupSteps': 0, 'selection.temperature': null, 'selection.denominator': 'selected' }, { 'selection.score': 'all' }];
    const shared = { 'optimizer.learningRate': 0.003, 'data.scores': `rows with sha256 ${'d'.repeat(64)}` };
    await writeRecord(runs[0]!, { ...shared, ...whole, 'model.init.hidden_size': 32 });
    await writeRecord(runs[1]!, { ...shared, ...half, 'model.init.hidden_size': 64, 'data.scores': `rows with sha256 ${'e'.repeat(64)}` });
    const { comparison, text, curves } = await compareFolders({ runs, folder: join(folder, 'differ') });
    expect(text).toMatch(/\| run +\| selection +\| trained tokens/);
    expect(text).toMatch(/\| half +\| excess, keepFraction 0\.5 \| 1,000 /);
    expect(text).toMatch(/\| baseline +\| all +\| 2,000 /);
    expect(text).toContain('The runs differ in more than their selection (data.scores, model.init.hidden_size): what their losses differ by may come from that.');
    expect(text).toMatch(/\| setting +\| baseline +\| half +\|\n\|-+\|-+\|-+\|\n\| data\.scores +\| rows with sha256 d{12} +\| rows with sha256 e{12} +\|\n\| model\.init\.hidden_size +\| 32 +\| 64 +\|/);
    expect(text).not.toContain('learningRate');
    const drawn = readFileSync(curves!, 'utf8');
    for (const shown of ['Settings in which the runs differ', '<th scope="row">model.init.hidden_size</th><td>32</td><td>64</td>', '<td>excess, keepFraction 0.5</td>', 'The runs differ in more than their selection']) expect(drawn).toContain(shown);
    expect(comparison.differences).toContainEqual({ setting: 'model.init.hidden_size', values: [32, 64] });
  });

  it('says when the runs differ in their selection alone, or in nothing, and which have no record', async () => {
    const runs = [writeRun('one', 100, [8, 6]), writeRun('two', 50, [8, 5])];
    const text = async (): Promise<string> => (await compareFolders({ runs, folder: null })).text;
    expect(await text()).toContain('Without training.json, so that nobody can tell whether settings and held-out sets are those of the others: one, two.');
    await writeRecord(runs[0]!, { 'selection.score': 'all' });
    await writeRecord(runs[1]!, { 'selection.score': 'random', 'selection.keepFraction': 0.5 });
    expect(await text()).toContain('The runs differ in their selection alone.');
    await writeRecord(runs[1]!, { 'selection.score': 'all' });
    expect(await text()).toContain('The runs were made with the same settings.');
  });

  it('refuses a held-out set of one name that is not the same text, naming both', async () => {
    const runs = [writeRun('mine', 100, [8, 6]), writeRun('theirs', 50, [8, 5])];
    await writeRecord(runs[0]!, {});
    await writeRecord(runs[1]!, {}, 'f'.repeat(64));
    await expect(compareFolders({ runs, folder: null })).rejects.toMatchObject({
      kind: 'mismatch',
      message: `run.evaluateOn.heldout of theirs must be that of mine, /data/heldout.jsonl (2 documents, 30 tokens, sha256 ${'a'.repeat(12)}), it is /data/heldout.jsonl (2 documents, 30 tokens, sha256 ${'f'.repeat(12)})`,
    });
  });

  it('leaves out a set that joined a run on the way', async () => {
    const runs = [writeRun('early', 100, [8, 6, 5]), writeRun('late', 100, [8, 5, 4])];
    for (const run of runs) {
      const [first, ...rest] = readFileSync(join(run, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
      writeFileSync(join(run, 'metrics.jsonl'), `${[first!, ...rest.map((line) => line.replace('"evaluations":[', '"evaluations":[{"name":"joined","loss":1},'))].join('\n')}\n`);
    }
    expect((await compareFolders({ runs, folder: null })).comparison.sets.map(({ name }) => name)).toEqual(['heldout']);
  });

  it('escapes names of folders and sets on the page, and keeps them inside their cells of the table', async () => {
    const runs = [writeRun('a|b', 100, [2, 1], '<b>set</b>'), writeRun('<i>c', 100, [2, 1], '<b>set</b>')];
    const { text, curves } = await compareFolders({ runs, folder: join(folder, 'escaped') });
    expect(text).toContain('| a b ');
    expect(readFileSync(curves!, 'utf8')).not.toMatch(/<b>set|<i>c/);
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

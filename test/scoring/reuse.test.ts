import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ScoreOptions } from '../../src/scoring/options.js';
import { score, type ScoreEvent, type ScoreResult } from '../../src/scoring/score.js';
import { demoDocuments, demoOptions, temporaryFolder, writeJsonl, type DemoDocument } from './demo-run.js';

const UNITS = 'corpus.unitBytes=8000';
const STATS = 'output.stats=[entropy, top1, bytes]';

/** Names and bytes of everything that has to be the same with reuse and without. */
function lasting(run: string): Record<string, string> {
  const files = ['plan.json', 'manifest.json', '_SUCCESS', ...['shards', 'quarantine'].flatMap((folder) => readdirSync(join(run, folder)).map((name) => `${folder}/${name}`))];
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(run, name), 'base64')]));
}

async function scored(options: ScoreOptions): Promise<ScoreResult & { readonly notes: readonly string[] }> {
  const notes: string[] = [];
  const onEvent = (event: ScoreEvent): void => {
    if (event.kind === 'note') notes.push(event.text);
    if (event.kind === 'warning') notes.push(`warning: ${event.text}`);
  };
  return { ...(await score(options, { onEvent })), notes };
}

const reusedOf = ({ commits }: ScoreResult): { documents: number; tokens: number } => ({
  documents: commits.reduce((sum, { reused }) => sum + (reused?.documents ?? 0), 0),
  tokens: commits.reduce((sum, { reused }) => sum + (reused?.tokens ?? 0), 0),
});

/** A corpus as the next night may find it: new, changed, removed, doubled and reordered documents, and bad lines among them. */
function nextNight(documents: readonly DemoDocument[]): (DemoDocument | string)[] {
  const changed = documents.map(({ id, text }, at) => (at % 10 === 3 ? { id, text: `${text} Changed.` } : { id, text }));
  const kept = changed.filter((_, at) => at % 10 !== 7);
  const fresh = demoDocuments(documents.length + 6).slice(documents.length);
  const reordered = [...kept.slice(20), ...kept.slice(0, 20).reverse()];
  const doubled = { id: 'doubled', text: documents[0]!.text };
  return [reordered[0]!, '{"text": "cut', fresh[0]!, doubled, ...reordered.slice(1), ...fresh.slice(1), { id: 'again', text: fresh[2]!.text }, { id: 'one token', text: 'a' }, { id: 'nothing', text: '' }];
}

describe('a run that reuses an earlier one', () => {
  it('leaves the bytes of one that does not, whatever the workers and batches: new, changed, removed, doubled, reordered and bad documents', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    const documents = demoDocuments(40);
    writeJsonl(corpus, documents);
    await score(demoOptions(corpus, join(folder, 'first'), STATS));
    writeJsonl(corpus, nextNight(documents));
    await score(demoOptions(corpus, join(folder, 'fresh'), STATS, UNITS));
    for (const [run, runtime] of [['one', ['runtime.batchTokens=512']], ['two', ['runtime.workers=2', 'runtime.batchTokens=4096']]] as const) {
      const reusing = await scored(demoOptions(corpus, join(folder, run), STATS, UNITS, `output.reuse=${join(folder, 'first')}`, ...runtime));
      expect(reusing.notes).toEqual([]);
      expect(reusing.manifest.totals.units).toBeGreaterThan(2);
      expect(reusing.manifest.documents).toMatchObject({ quarantined: 1, skipped: 1 });
      expect(lasting(join(folder, run))).toEqual(lasting(join(folder, 'fresh')));
      expect(reusedOf(reusing).documents).toBe(40 - 4 - 4 + 1);
      expect(reusing.change).toMatchObject({ unchanged: { documents: 33 }, changed: { documents: 4 }, new: { documents: 6 + 2 }, gone: { documents: 4 } });
    }
  });
});

describe('rows', () => {
  it('may come from several runs, finished or not, and from runs that had copied them themselves', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    const documents = demoDocuments(40);
    writeJsonl(corpus, documents.slice(0, 15));
    await score(demoOptions(corpus, join(folder, 'one')));
    writeJsonl(corpus, documents.slice(8, 20));
    await score(demoOptions(corpus, join(folder, 'two'), `output.reuse=${join(folder, 'one')}`));
    writeJsonl(corpus, documents.slice(20, 36));
    const unfinished = demoOptions(corpus, join(folder, 'unfinished'), 'corpus.unitBytes=3000');
    const enough = new AbortController();
    await expect(score(unfinished, { signal: enough.signal, onEvent: ({ kind }) => { if (kind === 'unit') enough.abort(new Error('enough')); } })).rejects.toThrow('enough');

    writeJsonl(corpus, documents);
    await score(demoOptions(corpus, join(folder, 'fresh')));
    const runs = ['unfinished', 'two', 'one'].map((name) => join(folder, name));
    const reusing = await scored(demoOptions(corpus, join(folder, 'reusing'), `output.reuse=${JSON.stringify(runs)}`));
    expect(lasting(join(folder, 'reusing'))).toEqual(lasting(join(folder, 'fresh')));
    expect(reusing.notes).toEqual([expect.stringMatching(/unfinished is not finished: the \d of its \d+ units that are committed are reused/)]);
    const { documents: reused } = reusedOf(reusing);
    expect(reused).toBeGreaterThan(20);
    expect(reused).toBeLessThan(36);
    expect(reusing.change!.unchanged.documents).toBe(reused);
  });

  it('keep losses that are not there: the first token without a BOS, and counts of the manifest', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    writeJsonl(corpus, [...demoDocuments(12), { id: 'one token', text: 'a' }]);
    await score(demoOptions(corpus, join(folder, 'first'), 'windows.bos=none'));
    const reusing = await score(demoOptions(corpus, join(folder, 'reusing'), 'windows.bos=none', `output.reuse=${join(folder, 'first')}`));
    expect(reusedOf(reusing).documents).toBe(13);
    expect(lasting(join(folder, 'reusing'))).toEqual(lasting(join(folder, 'first')));
    expect(reusing.commits[0]).toMatchObject({ computedTokens: 0, paddedTokens: 0, reused: { documents: 13, tokens: reusing.manifest.totals.tokens } });
  });

  it('can be rounded, and lose columns, on their way', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    writeJsonl(corpus, demoDocuments(15));
    await score(demoOptions(corpus, join(folder, 'exact'), STATS));
    const rounded = ['output.lossPrecision=grid11', 'output.stats=[entropy]'];
    await score(demoOptions(corpus, join(folder, 'fresh'), ...rounded));
    for (const [name, from] of [['once', 'exact'], ['twice', 'once']]) {
      const reusing = await score(demoOptions(corpus, join(folder, name!), ...rounded, `output.reuse=${join(folder, from!)}`));
      expect(reusedOf(reusing).documents).toBe(15);
      expect(lasting(join(folder, name!))).toEqual(lasting(join(folder, 'fresh')));
    }
  });

  it('of a damaged shard are scored anew, with a note', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    writeJsonl(corpus, demoDocuments(24));
    await score(demoOptions(corpus, join(folder, 'first'), 'corpus.unitBytes=5000'));
    const shard = join(folder, 'first/shards/part-00001.parquet');
    const bytes = readFileSync(shard);
    bytes[bytes.length >> 1]! ^= 4;
    writeFileSync(shard, bytes);
    const reusing = await scored(demoOptions(corpus, join(folder, 'reusing'), `output.reuse=${join(folder, 'first')}`));
    await score(demoOptions(corpus, join(folder, 'fresh')));
    expect(lasting(join(folder, 'reusing'))).toEqual(lasting(join(folder, 'fresh')));
    expect(reusing.notes[0]).toMatch(/part-00001\.parquet.*; its documents are scored anew$/);
    expect(reusedOf(reusing).documents).toBeGreaterThan(8);
    expect(reusedOf(reusing).documents).toBeLessThan(24);
  });

  it('are counted once over commands that stop and go on', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    writeJsonl(corpus, demoDocuments(24));
    await score(demoOptions(corpus, join(folder, 'first')));
    writeJsonl(corpus, demoDocuments(30));
    const options = demoOptions(corpus, join(folder, 'reusing'), 'corpus.unitBytes=4000', `output.reuse=${join(folder, 'first')}`);
    const enough = new AbortController();
    await expect(score(options, { signal: enough.signal, onEvent: ({ kind }) => { if (kind === 'unit') enough.abort(new Error('enough')); } })).rejects.toThrow('enough');
    const resumed = await score(options);
    expect(resumed.unitsScored).toBeLessThan(resumed.manifest.totals.units);
    expect(reusedOf(resumed).documents).toBe(24);
    expect(resumed.change).toMatchObject({ unchanged: { documents: 24 }, changed: { documents: 0 }, new: { documents: 6 }, gone: { documents: 0 } });
  });
});

describe('a glob of earlier runs', () => {
  it('stands for the last by name that is finished and not this run, and may match none', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    writeJsonl(corpus, demoDocuments(4));
    const night = (name: string): string => join(folder, `night [1]-${name}`);
    const pattern = join(folder, 'night*-*');
    const first = await scored(demoOptions(corpus, night('1'), `output.reuse=${pattern}`));
    expect(first.notes).toEqual([`warning: ${pattern} matches no finished run to reuse: every document is scored`]);
    await scored(demoOptions(corpus, night('2')));
    mkdirSync(night('9'));
    const third = await scored(demoOptions(corpus, night('3'), `output.reuse=${pattern}`));
    expect(third.notes).toEqual([`${pattern}: reusing ${night('2')}`]);
    expect(reusedOf(third).documents).toBe(4);
    const again = await scored(demoOptions(corpus, night('3'), `output.reuse=${pattern}`));
    expect(again.notes).toEqual([`${pattern}: reusing ${night('2')}`]);
  });
});

describe('a glob in a folder that does not exist', () => {
  it('is refused, unless it is the folder this run is made in', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    writeJsonl(corpus, demoDocuments(2));
    const elsewhere = demoOptions(corpus, join(folder, 'runs/monday'), `output.reuse=${join(folder, 'rnus/*')}`);
    await expect(score(elsewhere)).rejects.toMatchObject({ kind: 'usage', message: expect.stringContaining(`${join(folder, 'rnus')} does not exist`) as string });
    expect(existsSync(join(folder, 'runs'))).toBe(false);
    const firstNight = await scored(demoOptions(corpus, join(folder, 'runs/monday'), `output.reuse=${join(folder, 'runs/*')}`));
    expect(firstNight.notes).toEqual([expect.stringMatching(/^warning: .* matches no finished run to reuse/) as string]);
  });
});

describe('a run that cannot be reused', () => {
  it('is refused before anything is touched', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    writeJsonl(corpus, demoDocuments(3));
    const [first, second] = [join(folder, 'first'), join(folder, 'second')];
    await score(demoOptions(corpus, first));
    const reuse = `output.reuse=${first}`;
    await expect(score(demoOptions(corpus, second, reuse, 'windows.stride=100'))).rejects.toMatchObject({ kind: 'mismatch', message: `${first} cannot be reused: windows.stride is 256 in that run and 100 in this command` });
    await expect(score(demoOptions(corpus, second, reuse, STATS))).rejects.toThrow('output.stats of this command has entropy, and that run did not store it');
    await expect(score(demoOptions(corpus, second, `output.reuse=${folder}`))).rejects.toThrow(`${folder} is not a run folder`);
    await expect(score(demoOptions(corpus, first, reuse))).rejects.toThrow('a run cannot reuse itself');
    const packed = { ...demoOptions(corpus, second, reuse), windows: { ...demoOptions(corpus, second).windows, layout: 'packed' as const } };
    await expect(score(packed)).rejects.toThrow('earlier runs can be reused in the document layout, windows.layout is packed');
    expect(existsSync(second)).toBe(false);
  });
});

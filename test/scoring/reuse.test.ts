import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ScoreOptions } from '../../src/scoring/options.js';
import { score, type ScoreEvent, type ScoreResult } from '../../src/scoring/score.js';
import { demoDocuments, demoOptions, temporaryFolder, writeJsonl, type DemoDocument } from './demo-run.js';

const UNITS = 'corpus.unitBytes=12000';
const STATS = 'output.stats=[entropy, top1, bytes]';

/** Names and bytes of everything that has to be the same with reuse and without. */
function lasting(run: string): Record<string, string> {
  const files = ['plan.json', 'manifest.json', '_SUCCESS', ...['shards', 'quarantine'].flatMap((folder) => readdirSync(join(run, folder)).map((name) => `${folder}/${name}`))];
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(run, name), 'base64')]));
}

async function scored(options: ScoreOptions): Promise<ScoreResult & { readonly notes: readonly string[] }> {
  const notes: string[] = [];
  const onEvent = (event: ScoreEvent): void => { if (event.kind === 'note') notes.push(event.text); };
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
  it.each([
    ['one worker', ['runtime.workers=1', 'runtime.threads=2', 'runtime.batchTokens=512']],
    ['several workers and large batches', ['runtime.workers=2', 'runtime.threads=2', 'runtime.batchTokens=4096']],
  ])('leaves the bytes of one that does not: %s', async (_, runtime) => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    const documents = demoDocuments(80);
    writeJsonl(corpus, documents);
    await score(demoOptions(corpus, join(folder, 'first'), STATS));
    writeJsonl(corpus, nextNight(documents));
    await score(demoOptions(corpus, join(folder, 'fresh'), STATS, UNITS));
    const reusing = await scored(demoOptions(corpus, join(folder, 'reusing'), STATS, UNITS, `output.reuse=${join(folder, 'first')}`, ...runtime));
    expect(reusing.notes).toEqual([]);
    expect(reusing.manifest.totals.units).toBeGreaterThan(2);
    expect(lasting(join(folder, 'reusing'))).toEqual(lasting(join(folder, 'fresh')));
    expect(reusedOf(reusing).documents).toBe(80 - 8 - 8 + 1);
    expect(reusing.change).toMatchObject({ unchanged: { documents: 65 }, changed: { documents: 8 }, new: { documents: 6 + 2 }, gone: { documents: 8 } });
  });
});

import type * as FileSystem from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { score } from '../../src/scoring/score.js';
import type { Unreadable } from '../run/unreadable-files.js';
import { demoDocuments, demoOptions, temporaryFolder, writeJsonl } from './demo-run.js';

const unreadable = vi.hoisted((): Unreadable => ({ path: undefined, times: 0 }));
vi.mock('node:fs/promises', async (importOriginal) => {
  const { failingReads } = await import('../run/unreadable-files.js');
  return failingReads(await importOriginal<typeof FileSystem>(), unreadable);
});

const bytesOf = (run: string): string[] => ['manifest.json', '_SUCCESS', 'shards/part-00000.parquet', 'shards/part-00001.parquet'].map((name) => readFileSync(join(run, name), 'latin1'));

describe('a shard that cannot be read back before it gets its name', () => {
  it('is written again, to the same bytes; where it never can, the command ends and names it, and leaves no shard', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    writeJsonl(corpus, demoDocuments(8));
    const options = (run: string) => demoOptions(corpus, join(folder, run), 'corpus.unitBytes=1800', 'windows.contextLength=64');
    await score(options('whole'));

    Object.assign(unreadable, { path: /\.part-00001\.parquet\.[0-9a-f]{16}\.tmp$/, times: 1 });
    const failures: number[] = [];
    await score(options('once'), { onEvent: (event) => { if (event.kind === 'failed') failures.push(event.unit); } });
    expect(failures).toEqual([1]);
    expect(bytesOf(join(folder, 'once'))).toEqual(bytesOf(join(folder, 'whole')));

    unreadable.times = Infinity;
    await expect(score(options('never'))).rejects.toMatchObject({ kind: 'retryable', message: expect.stringMatching(/^cannot read .*shards\/\.part-00001\.parquet\.[0-9a-f]{16}\.tmp: the device reported an input\/output error \(EIO\)$/) as string });
    expect(readdirSync(join(folder, 'never/shards')).filter((name) => name.includes('00001'))).toEqual([]);
    unreadable.times = 0;
    await score(options('never'));
    expect(bytesOf(join(folder, 'never'))).toEqual(bytesOf(join(folder, 'whole')));
  });
});

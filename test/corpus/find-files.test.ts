import { mkdir, symlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatOf } from '../../src/corpus/corpus-file.js';
import { findCorpusFiles } from '../../src/corpus/find-files.js';
import { corpusFolder } from './corpus-folder.js';

const names = async (...paths: string[]): Promise<string[]> => (await findCorpusFiles({ paths })).files.map((file) => file.path);

describe('the corpus files', () => {
  it('of a folder are those below it by code unit, hidden ones left out, with the others listed', async () => {
    const { path, write } = await corpusFolder();
    for (const name of ['b.jsonl', 'a/z.parquet', 'a/Y.JSONL.GZ', 'a.txt', 'Ä.txt', '.hidden.jsonl', '.cache/x.jsonl', 'README.md', 'a/_SUCCESS', 'a/deep/er/c.jsonl.zst']) await write(name, 'x');
    const found = await findCorpusFiles({ paths: [path] });
    expect(found.root).toBe(path);
    expect(found.files.map((file) => file.path)).toEqual(['a.txt', 'a/Y.JSONL.GZ', 'a/deep/er/c.jsonl.zst', 'a/z.parquet', 'b.jsonl', 'Ä.txt']);
    expect(found.files.map((file) => file.format)).toEqual(['txt', 'jsonl.gz', 'jsonl.zst', 'parquet', 'jsonl', 'txt']);
    expect(found.files[0]).toEqual({ path: 'a.txt', location: join(path, 'a.txt'), bytes: 1, format: 'txt', stamp: expect.stringMatching(/^\d+\/\d+$/) as string });
    expect(found.ignored).toEqual([join(path, 'README.md'), join(path, 'a/_SUCCESS')]);
  });

  it('are named from their longest common folder, and found once however often they are given', async () => {
    const { path, write } = await corpusFolder();
    await write('data/en/a.jsonl', '');
    await write('data/fr/a.jsonl', '');
    expect(await names(join(path, 'data/fr'), join(path, 'data/en/a.jsonl'), join(path, 'data/*/*.jsonl'))).toEqual(['en/a.jsonl', 'fr/a.jsonl']);
    expect(await names(join(path, 'data/en/a.jsonl'))).toEqual(['a.jsonl']);
    // Folders whose names begin alike share only their parent.
    await write('data/en-old/a.jsonl', '');
    expect(await names(join(path, 'data/en'), join(path, 'data/en-old'))).toEqual(['en-old/a.jsonl', 'en/a.jsonl']);
  });

  it('are the same in whatever order the paths are given', async () => {
    const { path, write } = await corpusFolder();
    const given = await Promise.all(['c.txt', 'a.txt', 'b/a.jsonl'].map((name) => write(name, '')));
    expect(await findCorpusFiles({ paths: given })).toEqual(await findCorpusFiles({ paths: given.toReversed() }));
    expect(await names(path)).toEqual(['a.txt', 'b/a.jsonl', 'c.txt']);
  });

  it('may be given relative to the working directory', async () => {
    const { write } = await corpusFolder();
    const location = await write('a.jsonl', '');
    expect((await findCorpusFiles({ paths: [relative(process.cwd(), location)] })).files[0]?.location).toBe(location);
  });

  it('are none of those that a run has left behind, wherever its folder lies', async () => {
    const { path, write } = await corpusFolder();
    for (const name of ['a.jsonl', 'old/run/plan.json', 'old/run/commits/00000.json', 'old/run/shards/part-00000.parquet', 'old/run/quarantine/00000.jsonl', 'plans/plan.json', 'plans/b.jsonl']) await write(name, '');
    for (const paths of [[path], [join(path, '**/*.{jsonl,parquet}')], [join(path, '*')]]) {
      const { files, runs } = await findCorpusFiles({ paths });
      expect(files.map((file) => file.path)).toEqual(['a.jsonl', 'plans/b.jsonl']);
      expect(runs).toEqual([join(path, 'old/run')]);
    }
    await expect(findCorpusFiles({ paths: [join(path, 'old')] })).rejects.toMatchObject({ kind: 'usage', message: `${join(path, 'old')} holds no corpus file, only what runs left behind: ${join(path, 'old/run')} is a run folder` });
  });

  it('of a glob may lie in folders it matches', async () => {
    const { path, write } = await corpusFolder();
    for (const name of ['2023-01/a.jsonl', '2023-02/b/b.jsonl', '2024-01/c.jsonl', '.2023/d.jsonl', '2023-notes.md']) await write(name, '');
    const found = await findCorpusFiles({ paths: [join(path, '2023*')] });
    expect(found.files.map((file) => file.path)).toEqual(['2023-01/a.jsonl', '2023-02/b/b.jsonl']);
    expect(found.ignored).toEqual([join(path, '2023-notes.md')]);
  });

  it('may have the characters of a glob in their own names', async () => {
    const { path, write } = await corpusFolder();
    await write('a[1].jsonl', '');
    expect(await names(join(path, 'a[1].jsonl'))).toEqual(['a[1].jsonl']);
  });

  it('are followed through links, and a link to a folder above ends there', async () => {
    const { path, write } = await corpusFolder();
    const blob = await write('blobs/abc123', '{}');
    await mkdir(join(path, 'snapshot'));
    await symlink(blob, join(path, 'snapshot/train.jsonl'));
    await symlink(path, join(path, 'snapshot/loop'));
    const found = await findCorpusFiles({ paths: [join(path, 'snapshot')] });
    expect(found.files).toMatchObject([{ path: 'train.jsonl', bytes: 2 }]);
  });

  it('are found once, by their shortest path, however many links lead to their folder', async () => {
    const { path, write } = await corpusFolder();
    await write('data/a.jsonl', '');
    await write('data/more/b.jsonl', '');
    await symlink(path, join(path, 'data/more/loop'));
    await symlink(join(path, 'data'), join(path, 'alias'));
    // Two names for one file are two files: a cache of links names equal contents so.
    await symlink(join(path, 'data/a.jsonl'), join(path, 'data/z.jsonl'));
    const expected = ['a.jsonl', 'more/b.jsonl', 'z.jsonl'];
    expect(await names(path)).toEqual(expected);
    expect(await names(join(path, '**/*.jsonl'))).toEqual(expected);
    expect(await names(join(path, 'alias'), join(path, 'data'))).toEqual(expected);
    expect(await names(join(path, 'alias'))).toEqual(expected);
  });
});

describe('a corpus path is refused', () => {
  it('when it does not exist', async () => {
    const { path } = await corpusFolder();
    await expect(findCorpusFiles({ paths: [join(path, 'absent.jsonl')] })).rejects.toMatchObject({ kind: 'usage', message: expect.stringContaining('does not exist') as string });
  });

  it('when a pattern matches nothing', async () => {
    const { path } = await corpusFolder();
    await expect(findCorpusFiles({ paths: [join(path, '*.jsonl')] })).rejects.toMatchObject({ kind: 'usage', message: expect.stringContaining('holds no files') as string });
  });

  it('when its name is not a corpus file, or a folder holds only such files, naming the endings that are', async () => {
    const { path, write } = await corpusFolder();
    const csv = await write('table.csv', '');
    await expect(findCorpusFiles({ paths: [csv] })).rejects.toMatchObject({
      kind: 'usage',
      message: `${csv} is not a corpus file by its name`,
      advice: expect.stringContaining('.jsonl.gz') as string,
    });
    for (const name of ['b.csv', 'c.csv', 'd.csv']) await write(name, '');
    await expect(findCorpusFiles({ paths: [path] })).rejects.toThrow(/holds no corpus file, only .*\.csv, .*\.csv, .*\.csv and 1 more/);
  });

  it('when a link named like a corpus file leads nowhere', async () => {
    const { path, write } = await corpusFolder();
    await write('a.jsonl', '');
    await symlink(join(path, 'gone'), join(path, 'b.jsonl'));
    await expect(findCorpusFiles({ paths: [path] })).rejects.toMatchObject({ kind: 'io', message: `cannot read ${join(path, 'b.jsonl')}: it does not exist` });
  });

  it.skipIf(process.getuid?.() === 0)('when the file may not be read', async () => {
    const { chmod } = await import('node:fs/promises');
    const { write } = await corpusFolder();
    const location = await write('a.jsonl', '');
    await chmod(location, 0o000);
    await expect(findCorpusFiles({ paths: [location] })).rejects.toMatchObject({ kind: 'io', message: `cannot read ${location}: permission is denied` });
  });

  it('when there is none', async () => {
    await expect(findCorpusFiles({ paths: [] })).rejects.toMatchObject({ kind: 'usage' });
  });
});

it('a file is recognised by its last endings, whatever their case', () => {
  expect(['a.jsonl', 'a.NDJSON', 'a.b.jsonl.gz', 'c4.json.gz', 'x.ndjson.zst', 'x.jsonl.zstd', 'p.parquet', 'n.txt'].map(formatOf)).toEqual([
    'jsonl',
    'jsonl',
    'jsonl.gz',
    'jsonl.gz',
    'jsonl.zst',
    'jsonl.zst',
    'parquet',
    'txt',
  ]);
  expect(['config.json', 'a.gz', 'a.csv', 'jsonl', 'a.jsonl.bak', 'a.txt.gz'].map(formatOf)).toEqual(Array.from({ length: 6 }, () => undefined));
});

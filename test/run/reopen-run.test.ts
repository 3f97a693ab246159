import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { sha256Of } from '../../src/run/file-hash.js';
import { createRunFolders } from '../../src/run/layout.js';
import { buildManifest, finishedManifest, readManifest, writeManifest, type Manifest } from '../../src/run/manifest.js';
import { reopenRun } from '../../src/run/reopen-run.js';
import { exampleCommit, examplePlan, filesBelow, withFolder } from './example-run.js';

/** A manifest of two units, one of whose losses may be another's. */
async function manifestWith(run: string, lossSum: number): Promise<Manifest> {
  await createRunFolders(run);
  const plan = examplePlan(2);
  const commits = await Promise.all([0, 1].map((unit) => exampleCommit(run, plan, unit, unit === 1 ? { lossSum } : {})));
  return buildManifest(plan, new Map(commits.map((commit) => [commit.unit, commit])), { count: 0, examples: [] }, null);
}

describe('a finished run that is opened again', () => {
  it('is not finished for any reader, and takes another manifest; the earlier one is kept', async () => {
    await withFolder(async (run) => {
      const before = await manifestWith(run, 1);
      const after = await manifestWith(run, 2);
      await writeManifest(run, before);
      const bytes = await readFile(join(run, 'manifest.json'), 'utf8');
      const seal = (await finishedManifest(run))!;
      expect(await reopenRun(run, seal)).toMatch(/^stale\/_SUCCESS\.[0-9a-f]{16}$/);
      await expect(readManifest(run)).rejects.toMatchObject({ kind: 'usage', message: `${run} is not a finished run: it has manifest.json and no _SUCCESS` });

      const { earlier } = await writeManifest(run, after);
      expect(await readFile(join(run, earlier!), 'utf8')).toBe(bytes);
      expect(await readManifest(run)).toEqual(after);
    });
  });

  it('keeps its manifest where the lost part comes back with the same bytes', async () => {
    await withFolder(async (run) => {
      const manifest = await manifestWith(run, 1);
      await writeManifest(run, manifest);
      await reopenRun(run, (await finishedManifest(run))!);
      expect((await writeManifest(run, manifest)).earlier).toBeUndefined();
      expect(await readManifest(run)).toEqual(manifest);
      expect((await filesBelow(run)).filter((name) => name.startsWith('stale/'))).toHaveLength(1);
    });
  });

  it('stays finished where another process has finished it anew since it was looked at', async () => {
    await withFolder(async (run) => {
      const manifest = await manifestWith(run, 2);
      await writeManifest(run, manifest);
      expect(await reopenRun(run, sha256Of('the manifest before'))).toBeUndefined();
      expect(await readManifest(run)).toEqual(manifest);
      expect((await filesBelow(run)).filter((name) => name.startsWith('stale/'))).toEqual([]);
    });
  });

  it('is finished by one of two different results, and the other is refused', async () => {
    await withFolder(async (run) => {
      const first = await manifestWith(run, 1);
      await writeManifest(run, first);
      await reopenRun(run, (await finishedManifest(run))!);
      await writeManifest(run, await manifestWith(run, 2));
      await expect(writeManifest(run, first)).rejects.toMatchObject({ kind: 'mismatch' });
      await writeFile(join(run, '_SUCCESS'), '');
      await expect(reopenRun(run, 'whatever')).resolves.toBeUndefined();
    });
  });
});

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { readCommits, writeCommit } from '../../src/run/commits.js';
import { sha256Of } from '../../src/run/file-hash.js';
import { createRunFolders, shardName, shardPath } from '../../src/run/layout.js';
import { commitUnitFile } from '../../src/run/unit-file.js';
import { exampleCommit, examplePlan, filesBelow, withFolder } from './example-run.js';

const writeShard = (run: string, text: string, graceMs = 0) =>
  commitUnitFile(run, 1, shardName(1), (sink) => sink(new TextEncoder().encode(text)), { graceMs });

describe('the shard of a unit', () => {
  it('comes with what the commit record says of it', async () => {
    await withFolder(async (run) => {
      await createRunFolders(run);
      expect((await writeShard(run, 'losses')).file).toEqual({ path: shardName(1), sha256: sha256Of('losses'), bytes: 6 });
    });
  });

  it('that a killed attempt left without a record is moved aside where the bytes differ', async () => {
    await withFolder(async (run) => {
      await createRunFolders(run);
      await writeFile(shardPath(run, 1), 'losses of another processor');
      expect((await writeShard(run, 'losses')).outcome).toBe('created');
      expect(await readFile(shardPath(run, 1), 'utf8')).toBe('losses');
      const [stale] = (await filesBelow(run)).filter((name) => name.startsWith('stale/'));
      expect(await readFile(join(run, stale!), 'utf8')).toBe('losses of another processor');
    });
  });

  it('that has its record stays, and the second attempt is refused', async () => {
    await withFolder(async (run) => {
      await createRunFolders(run);
      const plan = examplePlan();
      const commit = await exampleCommit(run, plan, 1);
      await writeCommit(run, commit);
      await expect(writeShard(run, 'losses of another processor')).rejects.toMatchObject({
        kind: 'retryable',
        message: expect.stringContaining('unit 1 has a commit record already') as string,
      });
      expect((await readCommits(run, plan)).committed.get(1)).toEqual(commit);
    });
  });

  it('of a process that is about to write its record is waited for', async () => {
    await withFolder(async (run) => {
      await createRunFolders(run);
      const plan = examplePlan();
      const commit = await exampleCommit(run, plan, 1);
      const second = writeShard(run, 'losses of another processor', 5_000);
      const refused = expect(second).rejects.toThrow('unit 1 has a commit record already');
      setTimeout(() => void writeCommit(run, commit), 250);
      await refused;
      expect((await readCommits(run, plan)).committed.get(1)).toEqual(commit);
    });
  });

  it('that waits for the record of another process ends at once when it is aborted, and leaves all as it was', async () => {
    await withFolder(async (run) => {
      await createRunFolders(run);
      await writeFile(shardPath(run, 1), 'losses of another processor');
      const stop = new AbortController();
      const began = performance.now();
      const waiting = commitUnitFile(run, 1, shardName(1), (sink) => sink(new TextEncoder().encode('losses')), { signal: stop.signal });
      const ended = expect(waiting).rejects.toThrow('Ctrl-C');
      setTimeout(() => { stop.abort(new Error('Ctrl-C')); }, 50);
      await ended;
      expect(performance.now() - began).toBeLessThan(5_000);
      expect(await readFile(shardPath(run, 1), 'utf8')).toBe('losses of another processor');
      expect(await filesBelow(run)).toEqual([shardName(1)]);
    });
  });
});

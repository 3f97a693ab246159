import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { readCommits, writeCommit } from '../../src/run/commits.js';
import { sha256Of } from '../../src/run/file-hash.js';
import { createRunFolders } from '../../src/run/layout.js';
import { buildManifest, readManifest, writeManifest, type Manifest } from '../../src/run/manifest.js';
import { planHash } from '../../src/run/plan.js';
import { writeQuarantine } from '../../src/run/quarantine-file.js';
import { exampleCommit, examplePlan, filesBelow, withFolder } from './example-run.js';

/** Commits the units in the order given, as if at different times on different hosts, and finishes the run. */
async function finishedRun(run: string, order: readonly number[], host: string): Promise<Manifest> {
  await createRunFolders(run);
  const plan = examplePlan(order.length);
  for (const unit of order) {
    const left = unit === 1 ? [{ kind: 'skipped' as const, origin: { file: 'a.jsonl', position: 5, positionKind: 'byte' as const }, reason: 'empty-text' as const, detail: 'the text is empty' }] : [];
    const quarantine = await writeQuarantine(run, unit, left);
    await writeCommit(
      run,
      await exampleCommit(run, plan, unit, {
        quarantine,
        documents: { read: 10 + left.length, scored: 10, quarantined: 0, skipped: left.length },
        lossSum: 1 / (unit + 3) + 1e9 * (unit % 2),
        host,
        seconds: unit * 1.7,
        finishedAt: new Date(1.7e12 + unit).toISOString(),
      }),
    );
  }
  const manifest = buildManifest(plan, (await readCommits(run, plan)).committed, { count: 2, examples: ['b', 'a'] }, null);
  await writeManifest(run, manifest);
  return manifest;
}

describe('the manifest', () => {
  it('of a resumed run has the bytes of an uninterrupted one', async () => {
    await withFolder(async (folder) => {
      const straight = join(folder, 'straight');
      const resumed = join(folder, 'resumed');
      await finishedRun(straight, [0, 1, 2, 3, 4, 5, 6, 7], 'one');
      await finishedRun(resumed, [5, 0, 7, 2, 1, 6, 4, 3], 'other');
      expect(await readFile(join(resumed, 'manifest.json'), 'utf8')).toBe(await readFile(join(straight, 'manifest.json'), 'utf8'));
      expect(await readFile(join(resumed, '_SUCCESS'), 'utf8')).toBe(await readFile(join(straight, '_SUCCESS'), 'utf8'));
      const text = await readFile(join(straight, 'manifest.json'), 'utf8');
      expect(text).not.toMatch(/host|seconds|finishedAt|20\d\d-/);
    });
  });

  it('lists the shards in unit order and adds them up', async () => {
    await withFolder(async (run) => {
      const manifest = await finishedRun(run, [2, 0, 1], 'one');
      expect(await readManifest(run)).toEqual(manifest);
      expect(manifest).toMatchObject({
        planHash: planHash(examplePlan(3)),
        modelHash: sha256Of('model'),
        tokenizerHash: sha256Of('tokenizer'),
        conventions: { alignment: 'target-indexed', unit: 'nats', notScored: 'NaN' },
        totals: { units: 3, rows: 30, tokens: 3000, scored: 2955, nonfinite: 15, bytes: 21, lossSum: 1 / 3 + (1 / 4 + 1e9) + 1 / 5 },
        documents: { read: 31, scored: 30, quarantined: 0, skipped: 1 },
        duplicateIds: { count: 2, examples: ['a', 'b'] },
      });
      expect(manifest.shards.map((shard) => [shard.unit, shard.path, shard.sha256])).toEqual(
        [0, 1, 2].map((unit) => [unit, `shards/part-0000${unit}.parquet`, sha256Of(`shard ${unit}`)]),
      );
      expect(manifest.quarantine.map((file) => [file.unit, file.path])).toEqual([[1, 'quarantine/00001.jsonl']]);
    });
  });

  it('is not made while units are missing, and they are named', () => {
    expect(() => buildManifest(examplePlan(20), new Map(), { count: 0, examples: [] }, null)).toThrow(
      '20 of 20 units are not committed: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 10 more',
    );
  });

  it('written twice is the same run', async () => {
    await withFolder(async (run) => {
      const manifest = await finishedRun(run, [0, 1], 'one');
      const before = await filesBelow(run);
      const text = await readFile(join(run, 'manifest.json'), 'utf8');
      expect(await writeManifest(run, manifest)).toEqual({ path: 'manifest.json', sha256: sha256Of(text), bytes: text.length });
      expect(await filesBelow(run)).toEqual(before);
    });
  });

  it('of a finished run is never replaced by another', async () => {
    await withFolder(async (run) => {
      const manifest = await finishedRun(run, [0, 1], 'one');
      const other: Manifest = { ...manifest, duplicateIds: { count: 0, examples: [] } };
      await expect(writeManifest(run, other)).rejects.toMatchObject({ kind: 'mismatch', message: expect.stringContaining('is finished with another manifest') as string });
      expect(await readManifest(run)).toEqual(manifest);
    });
  });

  it('left by an attempt that was killed before _SUCCESS gives way', async () => {
    await withFolder(async (run) => {
      const manifest = await finishedRun(run, [0, 1], 'one');
      await rm(join(run, '_SUCCESS'));
      await truncate(join(run, 'manifest.json'), 100);
      await writeManifest(run, manifest);
      expect(await readManifest(run)).toEqual(manifest);
    });
  });

  it('that was damaged after the run was finished is written anew from the same commits', async () => {
    await withFolder(async (run) => {
      const manifest = await finishedRun(run, [0, 1], 'one');
      const path = join(run, 'manifest.json');
      await writeFile(path, (await readFile(path, 'utf8')).replace('"tokens": 2000', '"tokens": 2001'));
      await writeFile(join(run, '_SUCCESS'), '');
      await writeManifest(run, manifest);
      expect(await readManifest(run)).toEqual(manifest);
    });
  });
});

describe('reading a manifest', () => {
  it('of a folder without one says that the run is not finished', async () => {
    await withFolder(async (run) => {
      await expect(readManifest(run)).rejects.toMatchObject({ kind: 'usage', message: `${run} is not a finished run: it has no manifest.json` });
    });
  });

  it('without _SUCCESS says that the run is not finished', async () => {
    await withFolder(async (run) => {
      await finishedRun(run, [0], 'one');
      await rm(join(run, '_SUCCESS'));
      await expect(readManifest(run)).rejects.toMatchObject({ kind: 'usage', message: `${run} is not a finished run: it has manifest.json and no _SUCCESS` });
    });
  });

  it('that is gone from a finished run is damage', async () => {
    await withFolder(async (run) => {
      await finishedRun(run, [0], 'one');
      await rm(join(run, 'manifest.json'));
      await expect(readManifest(run)).rejects.toMatchObject({ kind: 'io', message: `${run} has _SUCCESS and no manifest.json: the run is damaged` });
    });
  });

  it('that is torn names the file', async () => {
    await withFolder(async (run) => {
      await finishedRun(run, [0], 'one');
      await truncate(join(run, 'manifest.json'), 300);
      await expect(readManifest(run)).rejects.toMatchObject({ kind: 'io', message: expect.stringContaining(`${join(run, 'manifest.json')} cannot be read as a manifest: the file is not whole JSON`) as string });
    });
  });

  it('with any one bit flipped is refused', async () => {
    await withFolder(async (run) => {
      await finishedRun(run, [0], 'one');
      const path = join(run, 'manifest.json');
      const whole = await readFile(path);
      for (let bit = 3; bit < whole.length * 8; bit += 997) {
        const flipped = Buffer.from(whole);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        await writeFile(path, flipped);
        await expect(readManifest(run)).rejects.toMatchObject({ kind: 'io' });
      }
    });
  });

  it('whose _SUCCESS is empty or names another manifest is refused', async () => {
    await withFolder(async (run) => {
      await finishedRun(run, [0], 'one');
      await writeFile(join(run, '_SUCCESS'), '');
      await expect(readManifest(run)).rejects.toThrow(/has sha256 [0-9a-f]{64}, and _SUCCESS says nothing/);
      await writeFile(join(run, '_SUCCESS'), sha256Of('other'));
      await expect(readManifest(run)).rejects.toThrow(`_SUCCESS says ${sha256Of('other')}`);
    });
  });

  it('with a path that leads out of the run folder is refused', async () => {
    await withFolder(async (run) => {
      await finishedRun(run, [0], 'one');
      const path = join(run, 'manifest.json');
      const text = (await readFile(path, 'utf8')).replace('shards/part-00000.parquet', '../../etc/passwd');
      await writeFile(path, text);
      await writeFile(join(run, '_SUCCESS'), sha256Of(text));
      await expect(readManifest(run)).rejects.toThrow('shards[0].path: expected shards/part-00000.parquet, got ../../etc/passwd');
    });
  });
});

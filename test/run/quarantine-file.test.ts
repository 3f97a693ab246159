import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import type { LeftOut } from '../../src/records.js';
import { sha256Of } from '../../src/run/file-hash.js';
import { createRunFolders, quarantinePath } from '../../src/run/layout.js';
import { openQuarantine, readQuarantine, writeQuarantine } from '../../src/run/quarantine-file.js';
import { filesBelow, withFolder } from './example-run.js';

const leftOut: readonly LeftOut[] = [
  { kind: 'quarantined', origin: { file: 'a.jsonl', position: 120, positionKind: 'byte' }, reason: 'malformed-json', detail: 'Unexpected end\nof "input"' },
  { kind: 'skipped', origin: { file: 'b.parquet', position: 3, positionKind: 'row' }, id: 'doc-3', reason: 'empty-text', detail: 'the text is empty' },
];

describe('the quarantine file of a unit', () => {
  it('holds one line for each document that was left out, and reads back', async () => {
    await withFolder(async (run) => {
      await createRunFolders(run);
      const file = await writeQuarantine(run, 7, leftOut);
      const text = await readFile(join(run, 'quarantine/00007.jsonl'), 'utf8');
      expect(text.split('\n')).toHaveLength(3);
      expect(file).toEqual({ path: 'quarantine/00007.jsonl', sha256: sha256Of(text), bytes: Buffer.byteLength(text) });
      expect(await readQuarantine(run, file!.path)).toEqual(leftOut);
    });
  });

  it('is not written where nothing was left out', async () => {
    await withFolder(async (run) => {
      await createRunFolders(run);
      expect(await writeQuarantine(run, 7, [])).toBeNull();
      expect(await filesBelow(run)).toEqual([]);
    });
  });

  it('of a unit that is computed twice has the same bytes', async () => {
    await withFolder(async (run) => {
      await createRunFolders(run);
      expect(await writeQuarantine(run, 7, leftOut)).toEqual(await writeQuarantine(run, 7, leftOut));
    });
  });

  it('that was torn or extended is refused by line', async () => {
    await withFolder(async (run) => {
      await createRunFolders(run);
      const { path, bytes } = (await writeQuarantine(run, 7, leftOut))!;
      await truncate(join(run, path), bytes - 4);
      await expect(readQuarantine(run, path)).rejects.toThrow(`${join(run, path)}:2 is not a quarantine record`);
      await truncate(join(run, path), 0);
      await appendFile(join(run, path), '{"kind":"quarantined"}\n');
      await expect(readQuarantine(run, path)).rejects.toMatchObject({ kind: 'io', message: expect.stringContaining(`${join(run, path)}:1 is not a quarantine record: origin`) as string });
    });
  });
});

describe('a quarantine file that is written while its unit streams by', () => {
  it('shows nothing under its name until it is closed, and has the bytes of one written at once', async () => {
    await withFolder(async (run) => {
      await createRunFolders(run);
      const quarantine = openQuarantine(run, 7);
      for (const record of leftOut) {
        await quarantine.append(record);
        expect(await filesBelow(run)).toEqual([expect.stringMatching(/^quarantine\/\.00007\.jsonl\.[0-9a-f]{16}\.tmp$/)]);
      }
      const file = await quarantine.close();
      expect(await filesBelow(run)).toEqual(['quarantine/00007.jsonl']);
      expect(await writeQuarantine(run, 7, leftOut)).toEqual(file);
      expect(await readQuarantine(run, file!.path)).toEqual(leftOut);
    });
  });

  it('creates no file before its first record, and none where there is no record', async () => {
    await withFolder(async (run) => {
      await createRunFolders(run);
      const quarantine = openQuarantine(run, 7);
      expect(await quarantine.close()).toBeNull();
      expect(await filesBelow(run)).toEqual([]);
    });
  });

  it('leaves nothing when it is discarded, and takes no record after that', async () => {
    await withFolder(async (run) => {
      await createRunFolders(run);
      const quarantine = openQuarantine(run, 7);
      await quarantine.append(leftOut[0]!);
      await quarantine.discard();
      await quarantine.discard();
      expect(await filesBelow(run)).toEqual([]);
      await expect(quarantine.append(leftOut[1]!)).rejects.toMatchObject({ kind: 'internal' });
    });
  });

  it('takes the place of one that a killed attempt left without a commit record', async () => {
    await withFolder(async (run) => {
      await createRunFolders(run);
      await writeFile(quarantinePath(run, 7), 'torn');
      const quarantine = openQuarantine(run, 7, { graceMs: 0 });
      for (const record of leftOut) await quarantine.append(record);
      const file = await quarantine.close();
      expect(await readQuarantine(run, file!.path)).toEqual(leftOut);
      expect((await filesBelow(run)).filter((name) => name.startsWith('stale/'))).toHaveLength(1);
    });
  });
});

import { readFile, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { sweepAttempts } from '../../src/run/attempts.js';
import { createRunFolders, shardName } from '../../src/run/layout.js';
import { openQuarantine } from '../../src/run/quarantine-file.js';
import { TemporaryFile } from '../../src/run/temporary-file.js';
import { filesBelow, withFolder } from './example-run.js';

const HOUR_MS = 3600 * 1000;

beforeEach(() => {
  // A host whose clock is years behind that of the file system.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'], now: 1e12 });
});
afterEach(() => {
  vi.useRealTimers();
});

const modifiedMs = async (path: string): Promise<number> => (await stat(path)).mtimeMs;

/** As if nothing had been written to a file for so long. */
async function age(path: string, hours: number): Promise<void> {
  const seconds = (await modifiedMs(path)) / 1000 - hours * 3600;
  await utimes(path, seconds, seconds);
}

/** Lets an hour of the process's own clock pass, and what it does then. */
async function hourPasses(path: string): Promise<void> {
  const before = await modifiedMs(path);
  vi.advanceTimersByTime(HOUR_MS);
  for (let look = 0; look < 200 && (await modifiedMs(path)) === before; look++) await sleep(5);
}

describe('a temporary file', () => {
  it('that nothing is written to for days is not swept while its process lives, whatever time the host thinks it is', async () => {
    await withFolder(async (run) => {
      await createRunFolders(run);
      const file = await TemporaryFile.create(join(run, shardName(1)));
      const createdMs = await modifiedMs(file.path);
      await age(file.path, 43);
      await hourPasses(file.path);
      expect(await modifiedMs(file.path)).toBeGreaterThanOrEqual(createdMs);
      expect(await sweepAttempts(run)).toEqual([]);
      await file.discard();
      expect(await filesBelow(run)).toEqual([]);
    });
  });

  it('of a quarantine with one early line is as safe', async () => {
    await withFolder(async (run) => {
      await createRunFolders(run);
      const quarantine = openQuarantine(run, 1);
      await quarantine.append({ kind: 'skipped', origin: { file: 'a.jsonl', position: 5, positionKind: 'byte' }, reason: 'empty-text', detail: 'the text is empty' });
      const [name] = await filesBelow(run);
      await age(join(run, name!), 43);
      await hourPasses(join(run, name!));
      expect(await sweepAttempts(run)).toEqual([]);
      expect(await quarantine.close()).toMatchObject({ path: 'quarantine/00001.jsonl' });
    });
  });

  it('has the same bytes after a touch between two of its writes', async () => {
    await withFolder(async (run) => {
      const file = await TemporaryFile.create(join(run, 'part'));
      await file.sink(new TextEncoder().encode('first, '));
      await age(file.path, 2);
      await hourPasses(file.path);
      await file.sink(new TextEncoder().encode('second'));
      await file.finish();
      expect(await readFile(file.path, 'utf8')).toBe('first, second');
    });
  });

  it('that was closed or discarded gives no sign any more', async () => {
    await withFolder(async (run) => {
      const finished = await TemporaryFile.create(join(run, 'a'));
      const discarded = await TemporaryFile.create(join(run, 'b'));
      expect(vi.getTimerCount()).toBe(2);
      await finished.finish();
      await discarded.discard();
      expect(vi.getTimerCount()).toBe(0);
    });
  });

  it('that cannot be touched goes on being written, and whoever wants it under its name is told', async () => {
    await withFolder(async (run) => {
      const file = await TemporaryFile.create(join(run, 'part'));
      await file.unlink();
      vi.advanceTimersByTime(2 * HOUR_MS);
      await file.sink(new Uint8Array(1));
      expect(await file.finish()).toMatchObject({ bytes: 1 });
      expect(await filesBelow(run)).toEqual([]);
    });
  });
});

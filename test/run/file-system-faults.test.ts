import type * as FileSystem from 'node:fs/promises';
import { readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { commitFile } from '../../src/run/atomic-file.js';
import { filesBelow, withFolder } from './example-run.js';

/** Faults of the file system by operation: what `link` answers, and which fsync fails, counted from 1 per kind. */
const faults = vi.hoisted(() => ({ link: undefined as string | undefined, fileSync: undefined as string | undefined, syncs: 0, folderSync: undefined as string | undefined }));

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

vi.mock('node:fs/promises', async (importOriginal) => {
  const original = await importOriginal<typeof FileSystem>();
  return {
    ...original,
    link: async (from: string, to: string) => {
      if (faults.link !== undefined) throw systemError(faults.link);
      await original.link(from, to);
    },
    open: async (path: string, flags: string) => {
      const handle = await original.open(path, flags);
      const code = flags === 'r' ? faults.folderSync : faults.fileSync;
      const sync = handle.sync.bind(handle);
      handle.sync = async () => {
        if (flags !== 'r') faults.syncs++;
        if (code !== undefined) throw systemError(code);
        await sync();
      };
      return handle;
    },
  };
});

afterEach(() => {
  Object.assign(faults, { link: undefined, fileSync: undefined, syncs: 0, folderSync: undefined });
});

const write = (path: string, text: string) => commitFile(path, (sink) => sink(new TextEncoder().encode(text)));

describe('an fsync that fails', () => {
  it('is never tried again: the temporary file is dropped and the same command may be run again', async () => {
    await withFolder(async (folder) => {
      faults.fileSync = 'EIO';
      const path = join(folder, 'part');
      await expect(write(path, 'x')).rejects.toMatchObject({
        kind: 'retryable',
        message: `cannot sync ${path}: the device reported an input/output error (EIO)`,
      });
      expect(faults.syncs).toBe(1);
      expect(await filesBelow(folder)).toEqual([]);
    });
  });

  it('for want of space is an io error', async () => {
    await withFolder(async (folder) => {
      faults.fileSync = 'EDQUOT';
      await expect(write(join(folder, 'part'), 'x')).rejects.toMatchObject({ kind: 'io', message: expect.stringContaining('the disk quota is used up') as string });
    });
  });

  it('on the folder is an error after the file has its name, and the next attempt finds it identical', async () => {
    await withFolder(async (folder) => {
      faults.folderSync = 'EIO';
      await expect(write(join(folder, 'part'), 'x')).rejects.toMatchObject({ message: expect.stringContaining('cannot sync the folder') as string });
      expect(await filesBelow(folder)).toEqual(['part']);
      faults.folderSync = undefined;
      expect((await write(join(folder, 'part'), 'x')).outcome).toBe('identical');
    });
  });

  it('on a folder of a file system that cannot sync folders is not an error', async () => {
    await withFolder(async (folder) => {
      faults.folderSync = 'EINVAL';
      expect((await write(join(folder, 'part'), 'x')).outcome).toBe('created');
    });
  });
});

describe.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])('a file system whose link answers %s', (code) => {
  it('still takes files, whole and under their final name only', async () => {
    await withFolder(async (folder) => {
      faults.link = code;
      expect((await write(join(folder, 'part'), 'whole')).outcome).toBe('created');
      expect(await readFile(join(folder, 'part'), 'utf8')).toBe('whole');
      expect(await filesBelow(folder)).toEqual(['part']);
    });
  });

  it('never replaces an existing file', async () => {
    await withFolder(async (folder) => {
      faults.link = code;
      await write(join(folder, 'part'), 'first');
      await expect(write(join(folder, 'part'), 'second')).rejects.toThrow(/exists with other bytes/);
      expect((await write(join(folder, 'part'), 'first')).outcome).toBe('identical');
      expect(await readFile(join(folder, 'part'), 'utf8')).toBe('first');
      expect(await filesBelow(folder)).toEqual(['part']);
    });
  });

  it('lets one of many simultaneous attempts win', async () => {
    await withFolder(async (folder) => {
      faults.link = code;
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => write(join(folder, 'part'), 'same')));
      expect(outcomes.filter((one) => one.outcome === 'created')).toHaveLength(1);
      expect(outcomes.filter((one) => one.outcome === 'identical')).toHaveLength(7);
    });
  });
});

it('the empty file left by an attempt that was killed on a file system without links is waited for, then taken as a file with other bytes', async () => {
  await withFolder(async (folder) => {
    faults.link = 'EPERM';
    await writeFile(join(folder, 'part'), '');
    await expect(write(join(folder, 'part'), 'whole')).rejects.toThrow(/\(0 bytes\), and this attempt wrote/);
    expect(await filesBelow(folder)).toEqual(['part']);
  });
});

it('a link that fails for another reason is an error, not a reason to go around it', async () => {
  await withFolder(async (folder) => {
    faults.link = 'EMFILE';
    await expect(write(join(folder, 'part'), 'x')).rejects.toMatchObject({ kind: 'io', advice: expect.stringContaining('ulimit -n') as string });
    expect(await filesBelow(folder)).toEqual([]);
  });
});

it('a temporary file that is gone when it should get its name asks for the same command again', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'part');
    const sweep = async (temporary: string): Promise<void> => { await unlink(temporary); };
    await expect(commitFile(path, (sink) => sink(new Uint8Array(1)), { verify: sweep })).rejects.toMatchObject({ kind: 'retryable', message: expect.stringContaining(`cannot create ${path}`) as string });
    expect(await filesBelow(folder)).toEqual([]);
  });
});

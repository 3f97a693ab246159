import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

import { TouchstoneError } from '../../src/errors.js';
import { commitFile, writeOnce } from '../../src/run/atomic-file.js';
import { filesBelow, withFolder } from './example-run.js';

const run = promisify(execFile);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A small deterministic generator (mulberry32), so that a failing case can be run again. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('a committed file', () => {
  it('holds the bytes in the order they were handed over, whatever the sizes of the pieces', async () => {
    await withFolder(async (folder) => {
      for (let seed = 1; seed <= 12; seed++) {
        const random = randomFrom(seed);
        const whole: Buffer[] = [];
        const path = join(folder, `file-${seed}`);
        const committed = await commitFile(path, async (sink) => {
          const piece = Buffer.alloc(700_000);
          for (let count = Math.ceil(random() * 30); count > 0; count--) {
            // Most pieces are small, some are larger than the buffer; one allocation is reused, as a caller may.
            const length = Math.floor(random() ** 4 * piece.length);
            const view = piece.subarray(0, length).fill(Math.floor(random() * 256));
            whole.push(Buffer.from(view));
            await sink(view);
          }
          return 'returned';
        });
        const expected = Buffer.concat(whole);
        expect((await readFile(path)).equals(expected)).toBe(true);
        expect(committed).toEqual({
          result: 'returned',
          outcome: 'created',
          bytes: expected.length,
          sha256: createHash('sha256').update(expected).digest('hex'),
        });
      }
      expect(await filesBelow(folder)).toHaveLength(12);
    });
  });

  it('has no final name while it is written and verified', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'shard');
      const seen: string[][] = [];
      await commitFile(
        path,
        async (sink) => {
          await sink(bytesOf('half'));
          seen.push(await filesBelow(folder));
          await sink(bytesOf('whole'));
        },
        {
          verify: async (temporary) => {
            expect(await readFile(temporary, 'utf8')).toBe('halfwhole');
            seen.push(await filesBelow(folder));
          },
        },
      );
      expect(seen.flat()).toEqual([expect.stringMatching(/^\.shard\.[0-9a-f]{16}\.tmp$/), expect.stringMatching(/^\.shard\.[0-9a-f]{16}\.tmp$/)]);
      expect(await filesBelow(folder)).toEqual(['shard']);
    });
  });

  it('leaves nothing behind when writing or verifying fails at any point', async () => {
    await withFolder(async (folder) => {
      for (let seed = 1; seed <= 60; seed++) {
        const random = randomFrom(seed);
        const pieces = 1 + Math.floor(random() * 8);
        const killAt = Math.floor(random() * (pieces + 2));
        const controller = new AbortController();
        const abort = random() < 0.3;
        const fail = (): void => {
          if (abort) controller.abort(new Error('killed'));
          else throw new Error('killed');
        };
        const attempt = commitFile(
          join(folder, 'shard'),
          async (sink) => {
            for (let piece = 0; piece < pieces; piece++) {
              if (piece === killAt) fail();
              await sink(new Uint8Array(Math.floor(random() * 400_000)));
            }
            if (killAt === pieces) fail();
          },
          {
            signal: controller.signal,
            verify: () => {
              if (killAt === pieces + 1) fail();
              return Promise.resolve();
            },
          },
        );
        await expect(attempt).rejects.toThrow('killed');
        expect(await filesBelow(folder)).toEqual([]);
      }
    });
  });

  it('is not started under a signal that was aborted before', async () => {
    await withFolder(async (folder) => {
      const attempt = commitFile(join(folder, 'shard'), (sink) => sink(bytesOf('x')), { signal: AbortSignal.abort(new Error('stopped')) });
      await expect(attempt).rejects.toThrow('stopped');
      expect(await filesBelow(folder)).toEqual([]);
    });
  });

  it('is refused when the caller swallowed a failed write', async () => {
    await withFolder(async (folder) => {
      const controller = new AbortController();
      const attempt = commitFile(
        join(folder, 'shard'),
        async (sink) => {
          controller.abort(new Error('stopped'));
          await sink(bytesOf('lost')).catch(() => undefined);
        },
        { signal: controller.signal },
      );
      await expect(attempt).rejects.toThrow(/can be neither extended nor finished after a failed write/);
      expect(await filesBelow(folder)).toEqual([]);
    });
  });

  it('is refused when a write was not awaited', async () => {
    await withFolder(async (folder) => {
      const attempt = commitFile(join(folder, 'shard'), (sink) => {
        void sink(new Uint8Array(300_000)).catch(() => undefined);
        return Promise.resolve();
      });
      await expect(attempt).rejects.toThrow(/not awaited/);
      expect(await filesBelow(folder)).toEqual([]);
    });
  });
});

describe('two attempts at one file', () => {
  it('end as one file, created once and found identical once', async () => {
    await withFolder(async (folder) => {
      for (let round = 0; round < 20; round++) {
        const path = join(folder, `part-${round}`);
        const write = (): Promise<{ outcome: string; sha256: string }> => commitFile(path, (sink) => sink(bytesOf(`round ${round}`)));
        const both = await Promise.all([write(), write()]);
        expect(both.map((one) => one.outcome).sort()).toEqual(['created', 'identical']);
        expect(both[0].sha256).toBe(both[1].sha256);
        expect(await readFile(path, 'utf8')).toBe(`round ${round}`);
      }
      expect(await filesBelow(folder)).toHaveLength(20);
    });
  });

  it('with different bytes keep the first and name both', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'part');
      const both = await Promise.allSettled(['one', 'other'].map((text) => commitFile(path, (sink) => sink(bytesOf(text)))));
      const kept = both.find((one) => one.status === 'fulfilled')!.value;
      const refused = both.find((one) => one.status === 'rejected')!.reason as TouchstoneError;
      expect(kept.outcome).toBe('created');
      expect(refused).toBeInstanceOf(TouchstoneError);
      expect(refused.message).toContain(path);
      expect(refused.message).toContain(`exists with other bytes: sha256 ${kept.sha256} (${kept.bytes} bytes)`);
      expect(refused.message).toMatch(/this attempt wrote [0-9a-f]{64}/);
      expect(await filesBelow(folder)).toEqual(['part']);
    });
  });

  it('are settled by the caller where the file is one of a kind: the first stands', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'record');
      await writeOnce(path, (sink) => sink(bytesOf('first')));
      const second = await writeOnce(path, (sink) => sink(bytesOf('second')));
      expect(second.outcome).toBe('exists');
      expect(await readFile(path, 'utf8')).toBe('first');
    });
  });
});

describe('a path that cannot be written', () => {
  it('is named with the cause when its folder does not exist', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'absent', 'part');
      await expect(commitFile(path, (sink) => sink(bytesOf('x')))).rejects.toMatchObject({
        kind: 'io',
        message: `cannot create ${path}: it does not exist (ENOENT)`,
      });
    });
  });

  it('is named with the cause when a part of it is a file', async () => {
    await withFolder(async (folder) => {
      await writeFile(join(folder, 'file'), '');
      const path = join(folder, 'file', 'part');
      await expect(commitFile(path, (sink) => sink(bytesOf('x')))).rejects.toMatchObject({
        kind: 'io',
        message: `cannot create ${path}: a part of the path is not a folder (ENOTDIR)`,
      });
    });
  });
});

/** Mounting needs root; elsewhere the tests below say that they were skipped. */
async function withSmallFileSystem(options: string, use: (mounted: string) => Promise<void>): Promise<boolean> {
  return await withFolder(async (folder) => {
    const mounted = join(folder, 'mounted');
    await mkdir(mounted);
    try {
      await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', mounted]);
    } catch {
      return false;
    }
    try {
      await use(mounted);
    } finally {
      await run('umount', [mounted]);
    }
    return true;
  });
}

describe('a full or read-only file system', () => {
  it('is an error that names path, cause and advice, and the file is written once there is space', async (context) => {
    expect.hasAssertions();
    const mounted = await withSmallFileSystem('size=1m', async (folder) => {
      const path = join(folder, 'part');
      const write = (bytes: number) => commitFile(path, (sink) => sink(new Uint8Array(bytes)));
      await expect(write(3_000_000)).rejects.toMatchObject({
        kind: 'io',
        message: `cannot write ${path}: no space is left on the device (ENOSPC)`,
        advice: expect.stringContaining('Free space') as string,
      });
      expect(await filesBelow(folder)).toEqual([]);
      expect((await write(500_000)).outcome).toBe('created');
      expect((await stat(path)).size).toBe(500_000);
    });
    if (!mounted) context.skip('mounting a small file system needs root');
  });

  it('is an error that names path and cause when nothing can be created', async (context) => {
    expect.hasAssertions();
    const mounted = await withSmallFileSystem('size=1m,ro', async (folder) => {
      const path = join(folder, 'part');
      await expect(commitFile(path, (sink) => sink(bytesOf('x')))).rejects.toMatchObject({
        kind: 'io',
        message: `cannot create ${path}: the file system is mounted read-only (EROFS)`,
      });
    });
    if (!mounted) context.skip('mounting a read-only file system needs root');
  });
});

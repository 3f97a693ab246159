import { utimes } from 'node:fs/promises';
import { dirname } from 'node:path';

import { fileSystemTime } from './file-system-time.js';

/** Often enough that a day without one says that the process is gone (attempts.ts), seldom enough to cost nothing. */
const EVERY_MS = 3600 * 1000;

/**
 * Gives a file the file system's own time once an hour, until the function it returns is called; that one resolves when nothing is under way any more and
 * never throws. A slow model writes a row group in days, and a file that shows no sign of its process meanwhile is swept. The hours are counted by a clock
 * that does not jump, the times are those of the file system, so no host's clock matters. A touch that fails is left to the next: the file is touched by its
 * name, which is its own, and whoever writes to it is told what is wrong.
 */
export function giveSignsOfLife(path: string): () => Promise<void> {
  let touch: Promise<void> | undefined;
  const timer = setInterval(() => {
    touch ??= touchNow(path)
      .catch(() => undefined)
      .finally(() => { touch = undefined; });
  }, EVERY_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await touch;
  };
}

async function touchNow(path: string): Promise<void> {
  const seconds = (await fileSystemTime(dirname(path))) / 1000;
  await utimes(path, seconds, seconds);
}

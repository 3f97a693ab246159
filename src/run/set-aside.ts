import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { errnoOf } from '../errors.js';
import { attemptId } from './attempt-id.js';
import { createFolder, syncFolder } from './folder.js';
import { ioError } from './io-error.js';
import { STALE_FOLDER } from './layout.js';
import { publish } from './publish.js';

/**
 * Moves a damaged file out of the way, into the run's stale/ folder under a name of its own; nothing is deleted. `isStale` judges the file once it
 * has been moved: where another process was faster and had already put a good file there, the good file is linked back. While it is away, a
 * process that looks for it takes its unit as not done, and at worst computes it a second time. Returns the path it was moved to, relative to the
 * run folder; undefined where there was nothing to move.
 */
export async function setFileAside(run: string, name: string, isStale: (movedPath: string) => Promise<boolean>): Promise<string | undefined> {
  const path = join(run, name);
  const stale = `${STALE_FOLDER}/${basename(name)}.${attemptId()}`;
  const moved = join(run, stale);
  await createFolder(dirname(moved));
  try {
    await rename(path, moved);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw ioError('move aside', path, error);
  }
  const restored = !(await isStale(moved)) && (await publish(moved, path)) === 'created';
  if (restored) await rm(moved, { force: true });
  await syncFolder(dirname(path));
  await syncFolder(dirname(moved));
  return restored ? undefined : stale;
}

import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { planPath } from '../run/layout.js';

/** The folder of the score run that a path is, or lies in at any depth; undefined where it is in none. Nothing but a score run may write into one. */
export async function scoreRunAround(path: string): Promise<string | undefined> {
  let folder = resolve(path);
  for (;;) {
    if ((await isThere(planPath(folder), 'file')) && (await isThere(join(folder, 'shards'), 'folder'))) return folder;
    const above = dirname(folder);
    if (above === folder) return undefined;
    folder = above;
  }
}

function isThere(path: string, kind: 'file' | 'folder'): Promise<boolean> {
  return stat(path).then((found) => (kind === 'file' ? found.isFile() : found.isDirectory()), () => false);
}

import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { TouchstoneError } from '../errors.js';

/** What a command reads. */
export interface ReadFolders {
  /** Files, folders or globs; absolute. */
  readonly corpus: readonly string[];
  /** A checkpoint folder or a file; absolute. */
  readonly model: string;
}

/**
 * Refuses a run folder that is a folder of the corpus or the model, lies inside one or holds one: files of the run would become corpus, and the same command would not
 * be the same any more. Links are followed. Files and globs are no folders: what a run leaves behind is passed over wherever they look.
 * @throws TouchstoneError ('usage') that names both
 */
export async function refuseNestedRun(run: string, { corpus, model }: ReadFolders): Promise<void> {
  const out = await realPath(run);
  for (const [setting, path] of [...corpus.map((path) => ['corpus.paths', path] as const), ['model.path', model] as const]) {
    if (!(await isFolder(path))) continue;
    const folder = await realPath(path);
    const relation = out === folder ? 'is' : isInside(out, folder) ? 'lies inside' : isInside(folder, out) ? 'holds' : undefined;
    if (relation === undefined) continue;
    throw new TouchstoneError('usage', `output.run must be a folder of its own, got ${run}: it ${relation} ${path}, which is given as ${setting}`, {
      advice: 'Choose a folder beside it with --out.',
    });
  }
}

const isInside = (path: string, folder: string): boolean => path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then((found) => found.isDirectory(), () => false);
}

/** The path without links; of one that does not exist yet, as far as it exists. */
async function realPath(path: string): Promise<string> {
  const real = await realpath(path).catch(() => undefined);
  if (real !== undefined) return real;
  return dirname(path) === path ? path : join(await realPath(dirname(path)), basename(path));
}

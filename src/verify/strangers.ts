import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../errors.js';
import { isAttemptName } from '../run/attempts.js';
import type { Commit } from '../run/commits.js';
import { ioError } from '../run/io-error.js';
import { commitName, quarantineName, shardName } from '../run/layout.js';
import type { Plan } from '../run/plan.js';
import type { Problem } from './problem.js';

/** The folders whose files are the run's alone: a reader may open all of them. */
const OWN_FOLDERS = ['shards', 'commits', 'quarantine'] as const;

/**
 * Files in the folders of a run that are none of its own. A unit that is not committed may have files, which an attempt left or is about to commit;
 * temporary files may be there at any time.
 */
export async function findStrangers(run: string, plan: Plan, committed: ReadonlyMap<number, Commit>): Promise<Problem[]> {
  const own = new Set<string>();
  for (const { index } of plan.corpus.units) {
    const commit = committed.get(index);
    own.add(shardName(index)).add(commitName(index));
    if (commit === undefined || commit.quarantine !== null) own.add(quarantineName(index));
  }
  const strangers: Problem[] = [];
  for (const folder of OWN_FOLDERS) {
    for (const name of (await namesIn(join(run, folder))).sort()) {
      const file = `${folder}/${name}`;
      if (own.has(file) || isAttemptName(name)) continue;
      strangers.push({ file, message: 'it is no file of this run', advice: `Move it out of the run: whoever reads all of ${folder}/ takes it for a part.` });
    }
  }
  return strangers;
}

async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw ioError('read the folder', folder, error);
  });
}

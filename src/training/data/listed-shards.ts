import { join } from 'node:path';
import { TouchstoneError } from '../../errors.js';
import { hashFile } from '../../run/file-hash.js';
import type { Manifest, ManifestShard } from '../../run/manifest.js';
import { openShard, type Shard } from '../../store/index.js';

/** A row group of a score set. */
export interface ListedGroup {
  readonly shard: ManifestShard;
  /** Number of the row group in its shard. */
  readonly index: number;
  readonly rows: number;
  readonly tokens: number;
}

/**
 * The row groups with tokens of all shards of a run, by unit. Opens every shard once, reads a few bytes a row, and so finds out before the
 * first step, not after hours, that a shard is missing or not the one the manifest lists. Throws an io error that names it.
 *
 * @param verify also hash every shard and compare with the manifest
 */
export async function listRowGroups(run: string, manifest: Manifest, verify: boolean): Promise<readonly ListedGroup[]> {
  const groups: ListedGroup[] = [];
  for (const entry of manifest.shards) {
    if (verify) {
      const { sha256 } = await hashFile(join(run, entry.path));
      if (sha256 !== entry.sha256) throw differs(run, entry, 'sha256', entry.sha256, sha256);
    }
    await withShard(run, entry, (shard) => {
      shard.rowGroups.forEach(({ rows, tokens }, index) => {
        if (tokens > 0) groups.push({ shard: entry, index, rows, tokens });
      });
    });
  }
  return groups;
}

/** Opens a shard of the manifest for as long as `use` takes. Throws an io error where it does not have the size, rows and tokens the manifest says. */
export async function withShard<T>(run: string, entry: ManifestShard, use: (shard: Shard) => T | Promise<T>): Promise<T> {
  const shard = await openShard(join(run, entry.path));
  try {
    for (const name of ['bytes', 'rows', 'tokens'] as const) {
      if (shard[name] !== entry[name]) throw differs(run, entry, name, String(entry[name]), String(shard[name]));
    }
    return await use(shard);
  } finally {
    await shard.close();
  }
}

function differs(run: string, entry: ManifestShard, what: string, expected: string, found: string): TouchstoneError {
  return new TouchstoneError('io', `${join(run, entry.path)} must have the ${what} of the manifest, ${expected}, it has ${found}`, {
    advice: 'The shard was changed or damaged after the run: restore it, or score the unit again.',
  });
}

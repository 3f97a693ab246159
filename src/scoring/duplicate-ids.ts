import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Commit } from '../run/commits.js';
import type { DuplicateIds } from '../run/manifest.js';
import { openShard } from '../store/reader.js';

/** Ids that are named; the rest is counted. */
const EXAMPLES = 10;

/**
 * Rows whose document id an earlier row of the run has. Ids are compared by 64 bits of their sha256, so memory is 8 bytes a row
 * (80 MB for 10 million) and a false alarm has a chance of one in 300,000 at that size. Examples come in row order.
 */
export async function findDuplicateIds(run: string, commits: readonly Commit[]): Promise<DuplicateIds> {
  const rows = commits.reduce((sum, commit) => sum + commit.rows, 0);
  const hashes = new BigUint64Array(rows);
  let at = 0;
  for await (const id of documentIds(run, commits)) hashes[at++] = shortHash(id);
  const sorted = hashes.toSorted();
  const repeated = new Set<bigint>();
  let count = 0;
  for (let i = 1; i < sorted.length; i++) {
    if (sorted[i] !== sorted[i - 1]) continue;
    count++;
    if (repeated.size < EXAMPLES) repeated.add(sorted[i]!);
  }
  if (count === 0) return { count: 0, examples: [] };
  const examples = new Set<string>();
  for await (const id of documentIds(run, commits)) if (repeated.has(shortHash(id))) examples.add(id);
  return { count, examples: [...examples].slice(0, EXAMPLES) };
}

async function* documentIds(run: string, commits: readonly Commit[]): AsyncGenerator<string, void, undefined> {
  for (const { shard: file } of commits) {
    const shard = await openShard(join(run, file.path));
    try {
      for (const index of shard.rowGroups.keys()) yield* (await shard.readRowGroup(index, { columns: ['doc_id'] })).columns.doc_id;
    } finally {
      await shard.close();
    }
  }
}

function shortHash(id: string): bigint {
  return createHash('sha256').update(id).digest().readBigUInt64LE(0);
}

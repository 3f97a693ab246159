import { join } from 'node:path';
import { createRandom } from '../math/random.js';
import type { Commit } from '../run/commits.js';
import { openShard } from '../store/reader.js';

/** A row of a run, copied. */
export interface SampledRow {
  readonly unit: number;
  /** Number of the row in its shard. */
  readonly row: number;
  readonly id: string;
  readonly tokenIds: Int32Array<ArrayBuffer>;
  /** As stored; NaN = not scored. */
  readonly refLoss: Float32Array<ArrayBuffer>;
}

/** `count` different numbers below `total`, each set of them as likely as any other, ascending; all of them where there are fewer. By Floyd's algorithm. */
export function drawRows(total: number, count: number, seed: string): number[] {
  const random = createRandom(`verify/${seed}`);
  const drawn = new Set<number>();
  for (let last = Math.max(0, total - count); last < total; last++) {
    const draw = random.below(last + 1);
    drawn.add(drawn.has(draw) ? last : draw);
  }
  return [...drawn].sort((a, b) => a - b);
}

/** Reads rows by their number in the run: those of the units in the order given, one after the other. Ascending numbers; opens each shard once. */
export async function* readRows(run: string, commits: readonly Commit[], numbers: readonly number[]): AsyncGenerator<SampledRow, void, undefined> {
  let first = 0;
  for (const { unit, rows, shard: file } of commits) {
    const wanted = numbers.filter((number) => number >= first && number < first + rows).map((number) => number - first);
    first += rows;
    if (wanted.length === 0) continue;
    const shard = await openShard(join(run, file.path));
    try {
      let groupStart = 0;
      for (const [index, size] of shard.rowGroups.entries()) {
        const inGroup = wanted.filter((row) => row >= groupStart && row < groupStart + size.rows);
        if (inGroup.length > 0) {
          const { columns, offsets } = await shard.readRowGroup(index, { columns: ['doc_id', 'token_ids', 'ref_loss'] });
          for (const row of inGroup) {
            const at = row - groupStart;
            const [from, to] = [offsets[at]!, offsets[at + 1]!];
            yield { unit, row, id: columns.doc_id[at]!, tokenIds: columns.token_ids.slice(from, to), refLoss: columns.ref_loss.slice(from, to) };
          }
        }
        groupStart += size.rows;
      }
    } finally {
      await shard.close();
    }
  }
}

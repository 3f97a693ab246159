import { Damage, aboutFile } from './damage.js';
import { openShard, type Shard } from './reader.js';

/** What a shard must hold; fields left out are not checked. */
export interface ShardExpectation {
  readonly rows?: number;
  readonly tokens?: number;
  /** ref_loss that are not NaN, by n_scored. */
  readonly scored?: number;
  /** Sum of loss_sum over the rows, in order. */
  readonly lossSum?: number;
  readonly bytes?: number;
}

/**
 * Opens a shard anew and compares it with what was written: its size, its footer, and the counts in its own columns. Reads a few bytes a row; that the
 * losses themselves are whole is for the checksums and the sha256 to say. Throws an io error that names the first difference.
 */
export async function checkShard(path: string, expected: ShardExpectation): Promise<void> {
  const shard = await openShard(path);
  try {
    await aboutFile(path, async () => {
      const { rows, tokens, bytes } = shard;
      const found = { rows, tokens, bytes, ...(await sums(shard)) };
      for (const [name, value] of Object.entries(expected) as [keyof ShardExpectation, number][]) {
        if (!Object.is(found[name], value)) throw new Damage(`${name} must be ${value}, it is ${found[name]}`);
      }
    });
  } finally {
    await shard.close();
  }
}

async function sums(shard: Shard): Promise<{ scored: number; lossSum: number }> {
  let scored = 0;
  let lossSum = 0;
  for (const index of shard.rowGroups.keys()) {
    const { columns } = await shard.readRowGroup(index, { columns: ['n_scored', 'loss_sum'] });
    for (const count of columns.n_scored) scored += count;
    for (const sum of columns.loss_sum) lossSum += sum;
  }
  return { scored, lossSum };
}

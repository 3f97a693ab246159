import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import type { ScoredDocument } from '../../src/records.js';
import { openShard } from '../../src/store/reader.js';
import { ShardWriter } from '../../src/store/writer.js';
import { NO_COLUMNS } from './documents.js';
import { useFolder } from './shards.js';

const folder = useFolder();
const MIB = 2 ** 20;
const TOKENS = 20_000_000;

/** Documents of 5,000 tokens whose ids and losses do not compress: whatever is held on to is 8 bytes a token. */
function* documents(): Generator<ScoredDocument> {
  const random = createRandom('memory');
  const bits = Int32Array.from({ length: 1 << 20 }, () => random.uint32() & 0x3fffffff);
  for (let at = 0, number = 0; at < TOKENS; at += 5000, number++) {
    const from = (number * 4999) % (bits.length - 5000);
    const tokenIds = bits.slice(from, from + 5000);
    yield { kind: 'tokenized', id: String(number), source: 'memory', hash: '', tokenIds, refLoss: new Float32Array(tokenIds.slice().buffer) };
  }
}

/** Growth of the process's highest memory use, once a quarter of the work was done. */
class PeakGrowth {
  private warm = 0;

  at(tokens: number): void {
    if (tokens <= TOKENS / 4) this.warm = process.resourceUsage().maxRSS * 1024;
  }

  get bytes(): number {
    return process.resourceUsage().maxRSS * 1024 - this.warm;
  }
}

describe('memory', () => {
  it('stays flat while 20 million tokens are written and read: 115 MiB go by after the first quarter, none of it stays', async () => {
    const path = join(folder.path, 'large.parquet');
    const file = await open(path, 'w');
    const writer = await ShardWriter.open({ sink: (chunk) => file.writeFile(chunk), columns: NO_COLUMNS, metadata: {}, lossPrecision: 'exact' });
    const writing = new PeakGrowth();
    let tokens = 0;
    for (const document of documents()) {
      await writer.append(document);
      writing.at((tokens += document.tokenIds.length));
    }
    const totals = await writer.close();
    await file.close();
    expect(totals.tokens).toBe(TOKENS);
    expect(totals.bytes).toBeGreaterThan(TOKENS * 7);
    expect(writing.bytes).toBeLessThan(64 * MIB);

    const shard = await openShard(path);
    expect(shard.rowGroups.length).toBe(20);
    const reading = new PeakGrowth();
    let read = 0;
    for (const index of shard.rowGroups.keys()) {
      const group = await shard.readRowGroup(index, { columns: ['token_ids', 'ref_loss'] });
      reading.at((read += group.columns.token_ids.length));
    }
    await shard.close();
    expect(read).toBe(TOKENS);
    expect(reading.bytes).toBeLessThan(64 * MIB);
    await rm(path);
  });
});

import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/run/manifest.js';
import { runWarnings } from '../../src/scoring/run-warnings.js';

function manifest(scored: number, lossSum: number, nonfinite: readonly number[] = []): Manifest {
  const lost = nonfinite.reduce((sum, count) => sum + count, 0);
  const shards = nonfinite.map((count, unit) => ({ unit, path: `shards/part-0000${unit}.parquet`, nonfinite: count }));
  return { totals: { tokens: scored + lost, scored, nonfinite: lost, lossSum }, shards } as unknown as Manifest;
}

describe('a complete run', () => {
  it('is warned of where tokens have no finite loss, with the shard that has most', () => {
    expect(runWarnings(manifest(96, 96, [1, 3]), 1000)).toEqual(['4 of 100 tokens have no finite loss (4.00 %) and are stored as NaN; most are in shards/part-00001.parquet. --max-nonfinite makes a limit of it']);
  });

  it('is warned of where its mean loss is above that of a model that knows nothing, which another tokenizer brings about', () => {
    expect(runWarnings(manifest(100, 691), 1000)).toEqual([expect.stringMatching(/^the mean loss is 6\.91 nats, more than the ln 1000 = 6\.91 .*: is this the checkpoint's tokenizer/) as string]);
    expect(runWarnings(manifest(100, 690), 1000)).toEqual([]);
  });

  it('without a token has no mean to warn of', () => {
    expect(runWarnings(manifest(0, 0), 1000)).toEqual([]);
  });
});

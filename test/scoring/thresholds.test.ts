import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TouchstoneError } from '../../src/errors.js';
import type { Manifest } from '../../src/run/manifest.js';
import type { Limit } from '../../src/scoring/options.js';
import { score } from '../../src/scoring/score.js';
import { checkThresholds } from '../../src/scoring/thresholds.js';
import { demoDocuments, demoOptions, temporaryFolder, writeJsonl } from './demo-run.js';

const share = (percent: number): Limit => ({ kind: 'share', share: percent / 100, text: `${percent}%` });
const count = (most: number): Limit => ({ kind: 'count', count: most, text: String(most) });

/** The refusal, or undefined. */
async function refusal(run: string, manifest: Manifest, maxQuarantined: Limit | null, maxNonfinite: Limit | null = null): Promise<TouchstoneError | undefined> {
  return await checkThresholds(run, manifest, { maxQuarantined, maxNonfinite }).then(() => undefined, (error: unknown) => error as TouchstoneError);
}

describe('thresholds', () => {
  it('on quarantined documents name count, share, limit, the worst reasons and the files, of a run that is complete', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    const good = demoDocuments(16);
    writeJsonl(corpus, [...good, '{', '{"text": 1}', '[]', '{', { text: '' }]);
    const run = join(folder, 'run');
    const { manifest } = await score(demoOptions(corpus, run, 'windows.contextLength=64', 'thresholds.maxQuarantined=19%'));
    expect(manifest.documents).toEqual({ read: 21, scored: 16, quarantined: 4, skipped: 1 });
    expect(existsSync(join(run, '_SUCCESS'))).toBe(true);
    const error = await refusal(run, manifest, share(19));
    expect(error).toMatchObject({ kind: 'data' });
    expect(error!.message).toBe(
      `4 of 21 documents read were quarantined (19.0 %), and the limit is 19%: malformed-json 2, not-an-object 1, text-not-a-string 1; see ${run}/quarantine/00000.jsonl`,
    );
    expect(await refusal(run, manifest, share(19.1))).toBeUndefined();
    expect(await refusal(run, manifest, count(4))).toBeUndefined();
    expect((await refusal(run, manifest, count(3)))!.message).toContain('the limit is 3');
    expect(await refusal(run, manifest, null)).toBeUndefined();
  });

  const tokens = (nonfinite: readonly number[]): Manifest => {
    const shards = nonfinite.map((bad, unit) => ({ unit, path: `shards/part-0000${unit}.parquet`, nonfinite: bad }));
    const totals = { tokens: 100, nonfinite: nonfinite.reduce((sum, bad) => sum + bad, 0) };
    return { totals, shards, documents: { read: 0, quarantined: 0 }, quarantine: [] } as unknown as Manifest;
  };

  it('on non-finite losses name the shards that have most', async () => {
    const error = await refusal('/run', tokens([1, 0, 20, 8]), null, share(28));
    expect(error!.message).toBe(
      '29 of 100 tokens have no finite loss (29.0 %), and the limit is 28%; by shard: /run/shards/part-00002.parquet 20, /run/shards/part-00003.parquet 8, /run/shards/part-00000.parquet 1',
    );
    expect(await refusal('/run', tokens([0]), null, count(0))).toBeUndefined();
  });

  it('given as a share are met by exactly that share, although it is not exact in binary', async () => {
    for (let percent = 1; percent < 100; percent++) {
      expect(await refusal('/run', tokens([percent]), null, share(percent))).toBeUndefined();
      expect(await refusal('/run', tokens([percent]), null, share(percent - 0.01))).toBeDefined();
    }
  });
});

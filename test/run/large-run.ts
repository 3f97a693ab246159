import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Commit } from '../../src/run/commits.js';
import { sha256Of } from '../../src/run/file-hash.js';
import { commitName, shardName } from '../../src/run/layout.js';
import { planHash, type Plan } from '../../src/run/plan.js';
import { sealRecord } from '../../src/run/sealed-record.js';
import { examplePlan } from './example-run.js';

/** When the first unit of a large run began. */
export const LARGE_RUN_START = Date.parse('2026-11-20T03:00:00.000Z');

/**
 * Writes the folder of a run of many units, as it would be on disk but for the contents of its shards, and without syncing. Every `missing`-th unit is
 * not committed. Units take a minute each on 8 hosts side by side, and have 1,000 tokens.
 */
export function writeLargeRun(run: string, units: number, missing: number): Plan {
  const plan = examplePlan(units);
  const hash = planHash(plan);
  for (const folder of ['shards', 'commits', 'quarantine']) mkdirSync(join(run, folder), { recursive: true });
  writeFileSync(join(run, 'plan.json'), sealRecord(plan));
  const shard = 'a shard';
  const sha256 = sha256Of(shard);
  for (let unit = 0; unit < units; unit++) {
    if (unit % missing === missing - 1) continue;
    writeFileSync(join(run, shardName(unit)), shard);
    const commit: Commit = {
      formatVersion: 1,
      unit,
      planHash: hash,
      shard: { path: shardName(unit), sha256, bytes: shard.length },
      quarantine: null,
      rows: 10,
      tokens: 1000,
      scored: 985,
      nonfinite: unit % 2,
      lossSum: 0.1 * (unit + 1),
      documents: { read: 10, scored: 10, quarantined: 0, skipped: 0 },
      computedTokens: 1100,
      paddedTokens: 60,
      devices: [{ kind: 'cpu' }],
      seconds: 60,
      host: `node-${unit % 8}`,
      finishedAt: new Date(LARGE_RUN_START + 60_000 * (Math.floor(unit / 8) + 1)).toISOString(),
    };
    writeFileSync(join(run, commitName(unit)), sealRecord(commit));
  }
  return plan;
}

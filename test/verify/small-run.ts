import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../../src/math/random.js';
import type { LeftOut, ScoredDocument } from '../../src/records.js';
import { writeCommit } from '../../src/run/commits.js';
import { sha256Of } from '../../src/run/file-hash.js';
import { shardName } from '../../src/run/layout.js';
import { freezePlan, planHash } from '../../src/run/plan.js';
import { writeQuarantine } from '../../src/run/quarantine-file.js';
import { commitUnitFile } from '../../src/run/unit-file.js';
import { finalizeFolder } from '../../src/scoring/finalize.js';
import { shardMetadata } from '../../src/scoring/shard-metadata.js';
import { ShardWriter } from '../../src/store/writer.js';
import { examplePlan } from '../run/example-run.js';

const DOCUMENTS = 4;

/** A run of two units with made-up losses and a quarantine file, as a model would have left it. */
export async function writeSmallRun(run: string, finish = true): Promise<void> {
  const plan = examplePlan(2);
  await freezePlan(run, plan);
  for (const unit of [0, 1]) {
    const { result, file } = await commitUnitFile(run, unit, shardName(unit), async (sink) => {
      const columns = { entropy: false, top1: false, tokenBytes: false, docStarts: false };
      const writer = await ShardWriter.open({ sink, columns, metadata: shardMetadata(plan, unit), lossPrecision: 'exact', rowGroupTokens: 1000 });
      for (let at = 0; at < DOCUMENTS; at++) await writer.append(document(`${unit}-${at}`, plan.model.vocabSize));
      return await writer.close();
    });
    const leftOut: LeftOut[] = unit === 1 ? [{ kind: 'skipped', origin: { file: 'a.jsonl', position: 5, positionKind: 'byte' }, reason: 'empty-text', detail: 'the text is empty' }] : [];
    const quarantine = await writeQuarantine(run, unit, leftOut);
    const { rows, tokens, scored, lossSum } = result;
    await writeCommit(run, {
      formatVersion: 1,
      unit,
      planHash: planHash(plan),
      shard: file,
      quarantine,
      rows,
      tokens,
      scored,
      nonfinite: 0,
      lossSum,
      documents: { read: DOCUMENTS + leftOut.length, scored: DOCUMENTS, quarantined: 0, skipped: leftOut.length },
      computedTokens: tokens,
      paddedTokens: 0,
      devices: [{ kind: 'cpu' }],
      seconds: 0.125 * (unit + 1),
      host: 'node-1',
      finishedAt: '2026-11-20T03:00:00.000Z',
    });
  }
  if (finish) await finalizeFolder(run);
}

function document(id: string, vocabSize: number): ScoredDocument {
  const random = createRandom(id);
  const tokens = random.between(5, 30);
  return {
    kind: 'tokenized',
    id,
    source: 'a.jsonl',
    hash: sha256Of(id),
    tokenIds: Int32Array.from({ length: tokens }, () => random.below(vocabSize)),
    refLoss: Float32Array.from({ length: tokens }, (_, token) => (token === 3 ? NaN : 10 * random.float())),
  };
}

/** Every file of a run, relative, sorted. */
export function filesOf(run: string): string[] {
  return readdirSync(run, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(run, name)).isFile()).sort();
}

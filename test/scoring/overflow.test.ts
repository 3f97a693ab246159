import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readUnit } from '../../src/corpus/read-unit.js';
import type { Precision } from '../../src/records.js';
import { freezePlan, type Plan } from '../../src/run/plan.js';
import type { Commit } from '../../src/run/commits.js';
import { prepareScore } from '../../src/scoring/prepare.js';
import { scoreUnit } from '../../src/scoring/score-unit.js';
import { UnitProgress } from '../../src/scoring/unit-progress.js';
import { tokenizeTask } from '../../src/tokenizer/tokenize-task.js';
import { demoDocuments, demoOptions, temporaryFolder, writeJsonl } from './demo-run.js';

/** Scores three documents with a model that gives one nat for every token, and no finite loss for the last two of every batch. */
async function scoreOverflowing(run: string, precision: Precision, nonfiniteLimited: boolean): Promise<Commit> {
  const corpus = `${run}.jsonl`;
  writeJsonl(corpus, demoDocuments(3));
  const prepared = await prepareScore(demoOptions(corpus, run, 'windows.contextLength=512'));
  const plan: Plan = { ...prepared.plan, model: { ...prepared.plan.model, precision } };
  await freezePlan(run, plan);
  return await scoreUnit(0, readUnit(prepared.units[0]!, prepared.files, plan.corpus, {}), {
    run,
    plan,
    encode: (texts) => tokenizeTask(prepared.tokenizer, { texts, bytes: false }),
    encodeConcurrency: 1,
    sessions: {
      concurrency: 1,
      run: ({ rows }) => {
        const loss = new Float32Array(rows!.data.length).fill(1);
        loss.set([Infinity, NaN], loss.length - 2);
        return Promise.resolve({ loss: { dtype: 'float32', dims: [loss.length], data: loss } });
      },
    },
    devices: prepared.devices,
    earlier: null,
    batchTokens: 1,
    nonfiniteLimited,
    signal: new AbortController().signal,
    checkInputs: () => Promise.resolve(),
    progress: { unit: () => new UnitProgress(1), scored: () => undefined },
  });
}

describe('a unit that overflows in float16', () => {
  it('ends the command with count, first document and advice, and leaves no shard', async () => {
    const run = join(temporaryFolder(), 'run');
    const [first] = demoDocuments(1);
    await expect(scoreOverflowing(run, 'float16', false)).rejects.toMatchObject({
      kind: 'data',
      message: `unit 0: 6 tokens have no finite loss in float16, the first of them in document "${first!.id}"`,
      advice: expect.stringMatching(/--precision float32 and another --out.*--max-nonfinite/) as string,
    });
    expect(['shards', 'commits', 'quarantine'].flatMap((folder) => readdirSync(join(run, folder)))).toEqual([]);
  });

  it('is written, with its count, where a limit was given', async () => {
    expect(await scoreOverflowing(join(temporaryFolder(), 'run'), 'float16', true)).toMatchObject({ nonfinite: 6, rows: 3 });
  });
});

describe('a unit without some losses in float32', () => {
  it('is written and counted, limit or not', async () => {
    expect(await scoreOverflowing(join(temporaryFolder(), 'run'), 'float32', false)).toMatchObject({ nonfinite: 6, rows: 3 });
  });
});

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CalibrationRecord } from '../../src/run/calibration-record.js';
import { readManifest } from '../../src/run/manifest.js';
import { sealRecord } from '../../src/run/sealed-record.js';
import { readPlan } from '../../src/run/plan.js';
import { readStatus } from '../../src/run/status.js';
import { finalizeFolder } from '../../src/scoring/finalize.js';
import { score } from '../../src/scoring/score.js';
import { inTurn } from '../../src/stream/in-turn.js';
import { rescore, type SampleReport } from '../../src/verify/rescore.js';
import { verifyRun, type VerifyReport } from '../../src/verify/verify-run.js';
import { auditOf } from '../audit/audited-runs.js';
import { allRows, demoDocuments, demoOptions, writeJsonl } from '../scoring/demo-run.js';

const folder = mkdtempSync(join(tmpdir(), 'touchstone-calibration-'));
const whole = join(folder, 'run');
beforeAll(async () => {
  writeJsonl(join(folder, 'corpus.jsonl'), demoDocuments(12));
  await score(demoOptions(join(folder, 'corpus.jsonl'), whole, 'model.precision=int8', 'corpus.unitBytes=5000'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** What calibration.json says, less its checksum. */
function recordOf(run: string): CalibrationRecord {
  const record = JSON.parse(readFileSync(join(run, 'calibration.json'), 'utf8')) as Record<string, unknown>;
  delete record['checksum'];
  return record as unknown as CalibrationRecord;
}

/** Whether verify finds nothing wrong with a copy of the run after something was done to it, or the files it complains of. */
async function verified(name: string, spoil: (run: string) => void): Promise<VerifyReport> {
  const run = join(folder, name);
  cpSync(whole, run, { recursive: true });
  spoil(run);
  return await verifyRun(run, null);
}

describe('verify of a run in int8', () => {
  it('counts the calibration among the files it checks, and scores a sample in int8, to the bit', async () => {
    const exact = join(folder, 'exact');
    await score(demoOptions(join(folder, 'corpus.jsonl'), exact, 'corpus.unitBytes=5000'));
    const { files, problems, sample } = await verifyRun(whole, { rows: 5, seed: 'a', threads: 2, device: { kind: 'auto' } });
    expect(problems).toEqual([]);
    expect(files).toBe((await verifyRun(exact, null)).files + 1);
    expect(sample).toMatchObject({ rows: 5, largestDifference: 0, differing: [], tolerance: 1e-4 + 3 * recordOf(whole).maxError! });
  });

  it('tells a row whose losses are each within the tolerance and too far off on average', async () => {
    const calibration = recordOf(whole);
    const { maxError, meanError } = calibration;
    const plan = await readPlan(whole);
    const rows = await allRows(whole);
    const report = async (off: number): Promise<SampleReport> => {
      const stored = rows.map(({ doc_id: id, token_ids: tokenIds, ref_loss: refLoss }, row) => ({ unit: 0, row, id, tokenIds, refLoss: refLoss.map((loss) => loss + off) }));
      return await rescore(inTurn(stored), plan, calibration, 'a', { threads: 2, device: { kind: 'cpu' } });
    };
    const far = await report((3 * maxError! + 5 * meanError!) / 2);
    expect(far.largestDifference).toBeLessThan(far.tolerance);
    expect(far.differing).toHaveLength(rows.length);
    expect(await report(4 * meanError!)).toMatchObject({ rows: rows.length, differing: [] });
  });

  it('finds a flipped bit in the calibration', async () => {
    const { problems } = await verified('flipped', (run) => {
      const path = join(run, 'calibration.json');
      const bytes = readFileSync(path);
      bytes[bytes.indexOf('"meanError": ') + 16]! ^= 1;
      writeFileSync(path, bytes);
    });
    expect(problems).toMatchObject([{ file: 'calibration.json', message: expect.stringContaining('its checksum is') as string, advice: expect.stringContaining('measures the calibration anew') as string }]);
  });

  it('finds a calibration that is sealed and not that of the manifest', async () => {
    const { problems } = await verified('other', (run) => {
      writeFileSync(join(run, 'calibration.json'), sealRecord({ ...recordOf(run), maxError: 7 }));
    });
    expect(problems).toMatchObject([{ file: 'manifest.json', message: `computation.calibration.maxError must be 7, it is ${recordOf(whole).maxError!}` }]);
  });

  it('misses a calibration that is gone', async () => {
    const { problems } = await verified('gone', (run) => { rmSync(join(run, 'calibration.json')); });
    expect(problems).toMatchObject([{ file: 'calibration.json', message: 'it is missing, and units are scored in int8' }]);
    await expect(finalizeFolder(join(folder, 'gone'))).rejects.toMatchObject({ kind: 'retryable', advice: expect.stringContaining('score command') as string });
  });

  it('finds nothing wrong any more once the lost calibration was measured again, to whatever figures', async () => {
    const run = join(folder, 'measured');
    cpSync(whole, run, { recursive: true });
    for (const name of ['manifest.json', '_SUCCESS']) rmSync(join(run, name));
    writeFileSync(join(run, 'calibration.json'), sealRecord({ ...recordOf(run), maxError: 7 })); // as another processor would have measured it
    await finalizeFolder(run);
    rmSync(join(run, 'calibration.json'));
    await score(demoOptions(join(folder, 'corpus.jsonl'), run, 'model.precision=int8', 'corpus.unitBytes=5000'));
    expect((await verifyRun(run, null)).problems).toEqual([]);
    expect(recordOf(run)).toEqual(recordOf(whole));
  });
});

describe('the calibration of a run in int8', () => {
  it('is in its status and in the identity of its audit', async () => {
    const { calibration } = (await readManifest(whole)).computation;
    expect(recordOf(whole)).toMatchObject(calibration!);
    expect((await readStatus(whole)).computation).toMatchObject({ precision: 'int8', calibration });
    expect((await auditOf(whole)).identity.calibration).toEqual(calibration);
  });
});

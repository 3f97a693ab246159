import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/run/canonical-json.js';
import { sha256Of } from '../../src/run/file-hash.js';
import { isFinished, readManifest, type Manifest } from '../../src/run/manifest.js';
import { finalizeFolder } from '../../src/scoring/finalize.js';
import type { ScoreOptions } from '../../src/scoring/options.js';
import { score, scoreTask } from '../../src/scoring/score.js';
import { verifyRun } from '../../src/verify/verify-run.js';
import { demoDocuments, demoOptions, writeJsonl } from './demo-run.js';

const folder = mkdtempSync(join(tmpdir(), 'touchstone-lost-'));
const whole = join(folder, 'whole');
const options = (run: string): ScoreOptions => demoOptions(join(folder, 'corpus.jsonl'), run, 'corpus.unitBytes=1800', 'windows.contextLength=64');
let manifest: Manifest;
beforeAll(async () => {
  writeJsonl(join(folder, 'corpus.jsonl'), demoDocuments(12));
  ({ manifest } = await score(options(whole)));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A copy of the run as another processor would have left it: unit 1 had other losses in their last bits, and its shard is gone since. */
function lostElsewhere(name: string, ...alsoLost: readonly number[]): string {
  const run = join(folder, name);
  cpSync(whole, run, { recursive: true });
  const shards = manifest.shards.map((shard) => (shard.unit === 1 ? { ...shard, sha256: sha256Of('losses of another processor'), lossSum: shard.lossSum + 1e-9 } : shard));
  finishAs(run, { ...manifest, shards, totals: { ...manifest.totals, lossSum: shards.reduce((sum, { lossSum }) => sum + lossSum, 0) } });
  for (const unit of [1, ...alsoLost]) rmSync(join(run, `shards/part-0000${unit}.parquet`));
  return run;
}

function finishAs(run: string, other: Manifest): void {
  const text = `${canonicalJson(other, 2)}\n`;
  writeFileSync(join(run, 'manifest.json'), text);
  writeFileSync(join(run, '_SUCCESS'), `${sha256Of(text)}\n`);
}

const noting = (notes: string[]): Parameters<typeof score>[1] => ({ onEvent: (event) => { if (event.kind === 'note') notes.push(event.text); } });

describe('a finished run that has lost a unit', () => {
  it('is finished anew where the unit comes back with other bytes, and says so', async () => {
    const run = lostElsewhere('other');
    const earlier = readFileSync(join(run, 'manifest.json'), 'utf8');
    const notes: string[] = [];
    await score(options(run), noting(notes));
    expect(notes).toEqual([
      expect.stringMatching(/^the run was finished, and 1 of its units is lost: _SUCCESS is moved to stale\/_SUCCESS\.[0-9a-f]{16}, and manifest\.json and _SUCCESS are written anew once the run is whole$/),
      'commits/00001.json: shards/part-00001.parquet is missing; the unit is scored again',
      expect.stringMatching(/^manifest\.json is another than before: the earlier one is moved to stale\/manifest\.json\.[0-9a-f]{16}$/),
    ]);
    expect(await readManifest(run)).toEqual(manifest);
    expect((await verifyRun(run, null)).problems).toEqual([]);
    expect(readFileSync(join(run, notes[2]!.slice(notes[2]!.indexOf('stale/'))), 'utf8')).toBe(earlier);
    expect(await score(options(run))).toMatchObject({ unitsScored: 0, manifest });
  });

  it('is mended by tasks, whichever comes last: each opens it for its own units, and no reader trusts it meanwhile', async () => {
    const run = lostElsewhere('tasks', 0);
    expect(await scoreTask(options(run), { index: 1, count: 'units' })).toMatchObject({ unitsScored: 1, manifest: null });
    expect(await isFinished(run)).toBe(false);
    await expect(finalizeFolder(run)).rejects.toMatchObject({ kind: 'retryable' });
    expect(await scoreTask(options(run), { index: 0, count: 'units' })).toMatchObject({ unitsScored: 1, manifest });
    expect((await verifyRun(run, null)).problems).toEqual([]);
  });

  it('goes on where the command that had scored the unit again was killed before the manifest, by finalize too', async () => {
    const run = lostElsewhere('killed');
    const killed = score(options(run), { onEvent: ({ kind }) => { if (kind === 'unit') throw new Error('killed'); } });
    await expect(killed).rejects.toThrow('killed');
    expect(readdirSync(join(run, 'commits'))).toHaveLength(manifest.totals.units);
    const finalized = await finalizeFolder(run);
    expect(finalized.manifest).toEqual(manifest);
    expect(finalized.notes).toEqual([expect.stringMatching(/^manifest\.json is another than before: the earlier one is moved to stale\//)]);
    expect((await verifyRun(run, null)).problems).toEqual([]);
  });

  it('keeps its manifest where the unit comes back with its old bytes', async () => {
    const run = join(folder, 'same');
    cpSync(whole, run, { recursive: true });
    const bytes = ['manifest.json', '_SUCCESS'].map((name) => readFileSync(join(run, name), 'utf8'));
    rmSync(join(run, 'commits/00001.json'));
    const notes: string[] = [];
    await score(options(run), noting(notes));
    expect(notes).toHaveLength(1);
    expect(['manifest.json', '_SUCCESS'].map((name) => readFileSync(join(run, name), 'utf8'))).toEqual(bytes);
  });
});

describe('a finished run of which nothing is lost and whose manifest is another', () => {
  it('is refused, with advice that mends it', async () => {
    const run = join(folder, 'forged');
    cpSync(whole, run, { recursive: true });
    finishAs(run, { ...manifest, duplicateIds: { count: 1, examples: ['a'] }, totals: { ...manifest.totals, lossSum: 0 } });
    const refused = { kind: 'mismatch', advice: expect.stringContaining(`touchstone verify ${run} names them; where it names nothing but manifest.json, remove manifest.json and _SUCCESS and run touchstone finalize ${run}`) as string };
    await expect(score(options(run))).rejects.toMatchObject(refused);
    await expect(finalizeFolder(run)).rejects.toMatchObject(refused);
    expect((await verifyRun(run, null)).problems.map(({ file }) => file)).toEqual(['manifest.json']);
    for (const name of ['manifest.json', '_SUCCESS']) rmSync(join(run, name));
    expect((await finalizeFolder(run)).manifest).toEqual(manifest);
  });
});

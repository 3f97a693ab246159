import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { score } from '../../src/scoring/score.js';
import { drawRows } from '../../src/verify/sample-rows.js';
import { verifyRun, type VerifyReport } from '../../src/verify/verify-run.js';
import { DEMO_MODEL, demoDocuments, demoOptions, writeJsonl } from '../scoring/demo-run.js';
import { rewriteLosses } from '../training/shifted-run.js';

const folder = mkdtempSync(join(tmpdir(), 'touchstone-sample-'));
const corpus = join(folder, 'corpus.jsonl');
const run = join(folder, 'run');
beforeAll(async () => {
  writeJsonl(corpus, demoDocuments(24));
  await score(demoOptions(corpus, run, 'corpus.unitBytes=5000', 'windows.contextLength=128'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const sampled = (of: string, rows: number, modelPath?: string): Promise<VerifyReport> => verifyRun(of, { rows, seed: 'a', threads: 2, device: { kind: 'auto' }, modelPath });

describe('a sample of rows that is scored again', () => {
  it('has the stored losses to the bit on the machine that stored them, without the corpus', async () => {
    rmSync(corpus);
    const { sample, problems } = await sampled(run, 1000);
    expect(problems).toEqual([]);
    expect(sample).toMatchObject({ seed: 'a', rows: 24, largestDifference: 0, differing: [], notes: [], tolerance: 1e-4 });
    expect(sample!.tokens).toBeGreaterThan(2000);
    writeJsonl(corpus, demoDocuments(24));
  });

  it.each([
    ['the packed layout, whose last row is filled up', ['windows.layout=packed', 'windows.contextLength=64', 'output.stats=[entropy, top1, bytes]'], 1e-4],
    ['no BOS, where first tokens have no loss', ['windows.bos=none', 'windows.contextLength=64', 'windows.stride=16'], 1e-4],
    ['losses rounded to a grid', ['output.lossPrecision=grid11'], 1e-4 + 2 ** -12],
  ])('holds for %s', async (name, settings, tolerance) => {
    const other = join(folder, `run-${name.slice(0, 9)}`);
    await score(demoOptions(corpus, other, 'corpus.limitDocs=10', 'corpus.unitBytes=5000', ...settings));
    const { sample, problems } = await sampled(other, 1000);
    expect(problems).toEqual([]);
    expect(sample!.differing).toEqual([]);
    expect(sample!.tokens).toBeGreaterThan(500);
    expect(sample!.tolerance).toBe(tolerance);
    expect(sample!.largestDifference).toBeLessThanOrEqual(settings.includes('output.lossPrecision=grid11') ? 2 ** -12 : 0);
  });

  it('tells losses that nothing else gives away, one that is off and one that is lost, from those within the tolerance', async () => {
    const changes: Readonly<Record<string, (losses: Float32Array) => Float32Array<ArrayBuffer>>> = {
      off: (losses) => Float32Array.from(losses, (loss, token) => (token === 7 ? loss + 0.001 : loss)),
      lost: (losses) => Float32Array.from(losses, (loss, token) => (token === 7 ? NaN : loss)),
      little: (losses) => Float32Array.from(losses, (loss) => loss + 5e-5),
    };
    const found: Record<string, VerifyReport> = {};
    for (const [name, change] of Object.entries(changes)) {
      await rewriteLosses(run, join(folder, name), change);
      found[name] = await sampled(join(folder, name), 3);
      expect(found[name].problems).toEqual([]);
    }
    expect(found['off']!.sample!.differing).toHaveLength(3);
    const [first] = found['off']!.sample!.differing;
    expect(first!.token).toBe(7);
    expect(first!.stored! - first!.recomputed!).toBeCloseTo(0.001, 5);
    expect(found['lost']!.sample!.differing.map(({ token, stored }) => [token, stored])).toEqual([[7, null], [7, null], [7, null]]);
    expect(found['little']!.sample).toMatchObject({ rows: 3, differing: [] });
    expect(found['little']!.sample!.largestDifference).toBeCloseTo(5e-5, 5);
  });

  it('takes the model from elsewhere where it has moved, and refuses another model before it scores anything', async () => {
    const moved = join(folder, 'model');
    cpSync(DEMO_MODEL, moved, { recursive: true });
    expect((await sampled(run, 2, moved)).sample).toMatchObject({ rows: 2, largestDifference: 0 });
    appendFileSync(join(moved, 'config.json'), '\n');
    await expect(sampled(run, 2, moved)).rejects.toMatchObject({ kind: 'mismatch', message: expect.stringMatching(/is not the model of this run: config\.json has sha256 [0-9a-f]{64}, the run was scored with [0-9a-f]{64}$/) as string });
  });
});

describe('drawing rows', () => {
  it('draws each number once, ascending, the same for the same seed, and all where there are no more', () => {
    const drawn = drawRows(1000, 50, 'a');
    expect(drawn).toHaveLength(50);
    expect(new Set(drawn).size).toBe(50);
    expect(drawn).toEqual(drawn.toSorted((a, b) => a - b));
    expect(drawRows(1000, 50, 'a')).toEqual(drawn);
    expect(drawRows(1000, 50, 'b')).not.toEqual(drawn);
    expect(drawRows(3, 5, 'a')).toEqual([0, 1, 2]);
    expect(drawRows(0, 5, 'a')).toEqual([]);
  });

  it('favours none', () => {
    const hits = new Array<number>(10).fill(0);
    for (let seed = 0; seed < 2000; seed++) for (const row of drawRows(10, 3, String(seed))) hits[row]!++;
    for (const count of hits) expect(Math.abs(count - 600)).toBeLessThan(100);
  });
});

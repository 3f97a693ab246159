import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { sha256Of } from '../../src/run/file-hash.js';
import { freezePlan, planHash, readPlan, type Plan } from '../../src/run/plan.js';
import { sealRecord } from '../../src/run/sealed-record.js';
import { examplePlan, filesBelow, withFolder } from './example-run.js';

/** A plan with other values at some keys: rooms are merged, everything below them is replaced. */
function changed(plan: Plan, changes: { readonly [Room in keyof Plan]?: Partial<Plan[Room]> }): Plan {
  const rooms = Object.entries(changes).map(([room, values]) => [room, { ...(plan[room as keyof Plan] as object), ...(values as object) }]);
  return { ...plan, ...(Object.fromEntries(rooms) as Partial<Plan>) };
}

describe('the plan hash', () => {
  it('does not depend on where the corpus, the model and the tokenizer were found', () => {
    const plan = examplePlan();
    const moved = changed(plan, {
      model: { location: '/elsewhere' },
      tokenizer: { location: '/elsewhere' },
      corpus: { files: plan.corpus.files.map((file) => ({ ...file, location: `/elsewhere/${file.path}` })) },
    });
    expect(planHash(moved)).toBe(planHash(plan));
  });

  it('depends on every other value of the plan', () => {
    const plan = examplePlan();
    const places: string[] = [];
    const hashes = new Set([planHash(plan)]);
    const visit = (value: unknown, rebuild: (replacement: unknown) => unknown, path: string): void => {
      if (typeof value === 'object' && value !== null) {
        for (const [key, entry] of Object.entries(value)) {
          if (key === 'location') continue;
          const copy = (replacement: unknown): unknown =>
            rebuild(Array.isArray(value) ? value.map((old: unknown, at) => (String(at) === key ? replacement : old)) : { ...value, [key]: replacement });
          visit(entry, copy, `${path}.${key}`);
        }
        return;
      }
      places.push(path);
      hashes.add(planHash(rebuild(typeof value === 'number' ? value + 1 : typeof value === 'boolean' ? !value : `${String(value)} changed`) as Plan));
    };
    visit(plan, (replacement) => replacement, 'plan');
    expect(places.length).toBeGreaterThan(50);
    expect(hashes.size).toBe(places.length + 1);
  });
});

describe('freezing a plan', () => {
  it('creates the run folder, and the same plan again is a resumed run', async () => {
    await withFolder(async (folder) => {
      const run = join(folder, 'runs', 'nightly');
      const plan = examplePlan();
      expect(await freezePlan(run, plan)).toEqual({ planHash: planHash(plan), outcome: 'created' });
      const bytes = await readFile(join(run, 'plan.json'), 'utf8');
      expect(await freezePlan(run, plan)).toEqual({ planHash: planHash(plan), outcome: 'resumed' });
      expect(await readFile(join(run, 'plan.json'), 'utf8')).toBe(bytes);
      expect(await readPlan(run)).toEqual(plan);
      expect(planHash(await readPlan(run))).toBe(planHash(plan));
    });
  });

  it('writes the same bytes for equal plans', async () => {
    await withFolder(async (folder) => {
      const plan = examplePlan();
      const reordered = Object.fromEntries(Object.entries(plan).reverse()) as unknown as Plan;
      await freezePlan(join(folder, 'a'), plan);
      await freezePlan(join(folder, 'b'), reordered);
      expect(await readFile(join(folder, 'b', 'plan.json'), 'utf8')).toBe(await readFile(join(folder, 'a', 'plan.json'), 'utf8'));
    });
  });

  it('by processes that start together creates it once', async () => {
    await withFolder(async (run) => {
      const outcomes = await Promise.all(Array.from({ length: 6 }, () => freezePlan(run, examplePlan())));
      expect(outcomes.filter((one) => one.outcome === 'created')).toHaveLength(1);
      expect(await filesBelow(run)).toEqual(['plan.json']);
    });
  });

  it('accepts a corpus and a model that were moved to another folder', async () => {
    await withFolder(async (run) => {
      const plan = examplePlan();
      await freezePlan(run, plan);
      const moved = changed(plan, { model: { location: '/elsewhere' }, corpus: { files: plan.corpus.files.map((file) => ({ ...file, location: '/elsewhere' })) } });
      expect((await freezePlan(run, moved)).outcome).toBe('resumed');
    });
  });

  it('moves an empty plan.json aside, the trace of a kill on a file system without links', async () => {
    await withFolder(async (run) => {
      await writeFile(join(run, 'plan.json'), '');
      expect((await freezePlan(run, examplePlan())).outcome).toBe('created');
      expect(await filesBelow(run)).toEqual(['plan.json', expect.stringMatching(/^stale\/plan\.json\.[0-9a-f]{16}$/)]);
    });
  });

  const plan = examplePlan();
  const files = plan.corpus.files;
  const refusals: readonly [string, Plan, string][] = [
    ['another stride', changed(plan, { windows: { stride: 256 } }), 'plan.windows.stride is 512 in this run and 256 in this command'],
    ['another layout', changed(plan, { windows: { layout: 'packed' } }), 'plan.windows.layout is "document" in this run and "packed" in this command'],
    ['another version of the tool', changed(plan, { tool: { version: '0.2.0' } }), 'plan.tool.version is "0.1.0" in this run and "0.2.0" in this command'],
    ['another statistic', changed(plan, { output: { stats: { entropy: true, top1: false, bytes: false } } }), 'plan.output.stats.entropy is false in this run and true in this command'],
    ['another text field', changed(plan, { corpus: { textField: ['text', 'title'] } }), 'plan.corpus.textField has 1 entries in this run and 2 in this command'],
    ['a document limit', changed(plan, { corpus: { limitDocs: 100 } }), 'plan.corpus.limitDocs is null in this run and 100 in this command'],
    ['another tokenizer', changed(plan, { tokenizer: { hash: sha256Of('other') } }), `plan.tokenizer.hash is "${sha256Of('tokenizer')}" in this run and "${sha256Of('other')}" in this command`],
    [
      'other weights, by the name of their file before the hash of the model',
      changed(plan, { model: { hash: sha256Of('m2'), files: [plan.model.files[0]!, { ...plan.model.files[1]!, sha256: sha256Of('w2') }] } }),
      `the file model.safetensors has changed: plan.model.files["model.safetensors"].sha256 is "${sha256Of('weights')}" in this run and "${sha256Of('w2')}" in this command`,
    ],
    [
      'a corpus file that grew, by its name before the units cut from it',
      changed(plan, { corpus: { files: [files[0]!, { ...files[1]!, bytes: 901 }], units: [] } }),
      'the file b.parquet has changed: plan.corpus.files["b.parquet"].bytes is 900 in this run and 901 in this command',
    ],
    ['a corpus file that is gone', changed(plan, { corpus: { files: [files[0]!] } }), 'plan.corpus.files["b.parquet"] is part of this run and not of this command'],
    [
      'a corpus file that is new',
      changed(plan, { corpus: { files: [...files, { ...files[0]!, path: 'c.jsonl' }] } }),
      'plan.corpus.files["c.jsonl"] is part of this command and not of this run',
    ],
    ['corpus files in another order', changed(plan, { corpus: { files: [...files].reverse() } }), 'plan.corpus.files[0].path is "a.jsonl" in this run and "b.parquet" in this command'],
    [
      'units cut elsewhere',
      changed(plan, { corpus: { units: [{ index: 0, slices: [{ file: 'a.jsonl', range: { kind: 'bytes', start: 0, end: 250 } }] }] } }),
      'plan.corpus.units[0].slices[0].range.end is 100 in this run and 250 in this command',
    ],
  ];
  it.each(refusals)('refuses %s, naming the difference, and touches nothing', async (_, other, sentence) => {
    await withFolder(async (run) => {
      await freezePlan(run, plan);
      const before = await readFile(join(run, 'plan.json'), 'utf8');
      await expect(freezePlan(run, other)).rejects.toMatchObject({
        kind: 'mismatch',
        message: `${run} belongs to another plan: ${sentence}`,
        advice: expect.stringContaining('another --out') as string,
      });
      expect(await filesBelow(run)).toEqual(['plan.json']);
      expect(await readFile(join(run, 'plan.json'), 'utf8')).toBe(before);
    });
  });

  it('refuses a plan that contradicts itself before it creates anything', async () => {
    await withFolder(async (folder) => {
      const run = join(folder, 'run');
      const wrong = changed(plan, { corpus: { units: [{ index: 4, slices: [] }] } });
      await expect(freezePlan(run, wrong)).rejects.toMatchObject({ kind: 'internal', message: expect.stringContaining('corpus.units[0].index: expected 0, got 4') as string });
      expect(await filesBelow(folder)).toEqual([]);
    });
  });
});

describe('reading a plan', () => {
  it('of a folder that is no run says so', async () => {
    await withFolder(async (folder) => {
      await expect(readPlan(folder)).rejects.toMatchObject({ kind: 'usage', message: `${folder} is not a run folder: it has no plan.json` });
    });
  });

  it('that is torn, empty or of another format is an error that names the file and the fault', async () => {
    await withFolder(async (run) => {
      await freezePlan(run, examplePlan());
      const path = join(run, 'plan.json');
      const text = await readFile(path, 'utf8');
      await truncate(path, 200);
      await expect(readPlan(run)).rejects.toMatchObject({ kind: 'io', message: expect.stringContaining(`${path} cannot be read as a plan: the file is not whole JSON`) as string });
      await truncate(path, 0);
      await expect(readPlan(run)).rejects.toThrow(/the file is empty/);
      await writeFile(path, text.replace('/corpus/a.jsonl', '/corpus/b.jsonl'));
      await expect(readPlan(run)).rejects.toThrow(/its checksum is [0-9a-f]{64}, and it says "[0-9a-f]{64}"/);
      const plan = examplePlan();
      await writeFile(path, sealRecord({ ...plan, formatVersion: 2 }));
      await expect(readPlan(run)).rejects.toThrow(/formatVersion: .*1/);
      await writeFile(path, sealRecord({ ...plan, windows: { ...plan.windows, strides: 1 } }));
      await expect(readPlan(run)).rejects.toThrow(/windows: .*strides/);
      await rm(path);
      await expect(readPlan(run)).rejects.toThrow(/is not a run folder/);
    });
  });
});

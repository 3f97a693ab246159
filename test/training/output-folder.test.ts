import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkOutputFolder, refuseForeignFolder, refuseStrangers } from '../../src/training/output-folder.js';
import { scored, scoreSet } from './data/score-sets.js';

let folder: string;
const at = (...names: readonly string[]): string => join(folder, ...names);
const file = (...names: readonly string[]): void => {
  mkdirSync(at(...names.slice(0, -1)), { recursive: true });
  writeFileSync(at(...names), 'text');
};
const check = (out: string, path: string | null = null): Promise<void> => checkOutputFolder({ output: { folder: at(out), dtype: 'F32' }, model: { path, init: null, seed: '0' } });

beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'touchstone-output-')); });
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

describe('the output folder of a training run', () => {
  it('may be missing, empty but for hidden files, or a training run that was begun', async () => {
    file('hidden', '.gitkeep');
    file('begun', 'events.out.tfevents.touchstone');
    file('begun', 'model', 'config.json');
    file('recorded', 'training.json');
    for (const out of ['missing', 'hidden', 'begun', 'recorded']) await expect(check(out)).resolves.toBeUndefined();
  });

  it('is refused where it holds something else, a folder of a name that training uses among it', async () => {
    file('notes', 'model', 'notes.txt');
    await expect(check('notes')).rejects.toMatchObject({ kind: 'mismatch', message: `${at('notes')} holds model, expected an empty folder or a training run`, advice: 'Name another --out.' });
    for (const name of ['a', 'b', 'c', 'd', 'metrics.jsonl']) file('many', name);
    await expect(check('many')).rejects.toThrow(`${at('many')} holds a, b, c and 2 more, expected`);
  });

  it('is refused where it is or holds the model that is trained from, by whatever path', async () => {
    file('base', 'model', 'config.json');
    file('base', 'events.out.tfevents.touchstone');
    symlinkSync(at('base'), at('link'));
    for (const [out, model] of [['base', at('base/model')], ['base/model', at('base/model')], ['link', at('base/model')], ['base', at('link/model')]] as const) {
      await expect(check(out, model)).rejects.toMatchObject({ kind: 'usage', message: `output.folder must not be or hold the model that is trained from, ${model} lies in ${at(out)}` });
    }
    await expect(check('base-2', at('base/model'))).resolves.toBeUndefined();
    await expect(check('base/model/trained', at('base/model'))).resolves.toBeUndefined();
  });

  it('is refused where it is a score run or lies in one', async () => {
    const run = await scoreSet([[scored('a', Int32Array.of(10, 11, 12))]]);
    const inRun = (out: string): Promise<void> => refuseForeignFolder(out, 'a training run', () => Promise.resolve(true));
    await expect(inRun(run)).rejects.toMatchObject({ kind: 'mismatch', message: `${run} is a score run, expected an empty folder or a training run` });
    await expect(inRun(join(run, 'shards'))).rejects.toThrow(`shards lies in the score run ${run}, expected`);
    await expect(inRun(join(run, 'new/trained'))).rejects.toThrow(`new/trained lies in the score run ${run}`);
  });

  it('is refused where it is a file, or lies in one', async () => {
    file('file');
    await expect(check('file')).rejects.toMatchObject({ kind: 'usage', message: `output.folder must be a folder, ${at('file')} is a file or lies in one` });
    await expect(check('file/inner')).rejects.toMatchObject({ kind: 'usage' });
  });

  it('loses no file that somebody put beside the trained model: it is named instead', async () => {
    for (const name of ['config.json', 'model.safetensors', 'tokenizer.json', '.config.json.0123456789abcdef.tmp']) file('kept', 'model', name);
    await expect(refuseStrangers(at('kept'))).resolves.toBeUndefined();
    file('kept', 'model', 'README.md');
    await expect(refuseStrangers(at('kept'))).rejects.toMatchObject({ kind: 'mismatch', message: `${at('kept/model')} holds README.md, expected nothing but the files of the trained model, which are replaced when the run is finished` });
  });
});

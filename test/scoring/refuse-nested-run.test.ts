import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { refuseNestedRun } from '../../src/scoring/refuse-nested-run.js';
import { temporaryFolder } from './demo-run.js';

describe('a run folder', () => {
  it('is refused where it is, lies inside or holds a folder of the corpus or the model, links or not', async () => {
    const at = temporaryFolder();
    for (const name of ['data/deep', 'model', 'runs']) mkdirSync(join(at, name), { recursive: true });
    symlinkSync(join(at, 'data'), join(at, 'link'));
    const corpus = [join(at, 'data')];
    const model = join(at, 'model');
    const refusal = (run: string): Promise<string | undefined> => refuseNestedRun(run, { corpus, model }).then(() => undefined, (error: unknown) => (error as Error).message);
    expect(await refusal(join(at, 'data'))).toBe(`output.run must be a folder of its own, got ${at}/data: it is ${at}/data, which is given as corpus.paths`);
    expect(await refusal(join(at, 'data/new/run'))).toBe(`output.run must be a folder of its own, got ${at}/data/new/run: it lies inside ${at}/data, which is given as corpus.paths`);
    expect(await refusal(join(at, 'link/run'))).toContain('it lies inside');
    expect(await refusal(at)).toContain(`it holds ${at}/data, which is given as corpus.paths`);
    expect(await refusal(join(at, 'model/scores'))).toContain(`it lies inside ${at}/model, which is given as model.path`);
    for (const run of ['runs', 'runs/new', 'data-scores', 'modelled']) expect(await refusal(join(at, run))).toBeUndefined();
  });

  it('may lie beside files of the corpus, and where globs look', async () => {
    const at = temporaryFolder();
    writeFileSync(join(at, 'corpus.jsonl'), '');
    await refuseNestedRun(join(at, 'run'), { corpus: [join(at, 'corpus.jsonl'), join(at, '**/*.jsonl')], model: join(at, 'model.onnx') });
    await expect(refuseNestedRun(at, { corpus: [], model: join(at, 'missing') })).resolves.toBeUndefined();
  });
});

import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { score } from '../../src/scoring/score.js';
import { DEMO_MODEL, cleanDocuments, demoDocuments, demoOptions, writeJsonl } from '../scoring/demo-run.js';

// Several processes a test, each of which starts the runtime: seconds on a quiet machine, minutes on a busy one.
vi.setConfig({ testTimeout: 300_000 });

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const INIT = { model_type: 'llama', vocab_size: 2048, hidden_size: 32, intermediate_size: 64, num_hidden_layers: 1, num_attention_heads: 2, max_position_embeddings: 128, tie_word_embeddings: true };

let folder: string;
const at = (...names: readonly string[]): string => join(folder, ...names);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'touchstone-train-cli-'));
  writeJsonl(at('corpus.jsonl'), demoDocuments(60));
  writeJsonl(at('clean.jsonl'), cleanDocuments(6));
  await score(demoOptions(at('corpus.jsonl'), at('scores'), 'corpus.unitBytes=30000'));
});

afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

interface Train {
  readonly out: string;
  readonly scores?: string;
  readonly set?: readonly string[];
  readonly flags?: readonly string[];
  /** Put before the command: prlimit and its arguments. */
  readonly under?: readonly string[];
}

function train({ out, scores = 'scores', set = [], flags = [], under = [] }: Train): SpawnSyncReturns<string> {
  const settings = ['objective.kind=selective', `model.init=${JSON.stringify(INIT)}`, `tokenizer.path=${DEMO_MODEL}`, 'optimizer.learningRate=0.003', 'run.checkpointEvery=2', 'run.threads=1', ...set];
  const args = [MAIN, 'train', '--scores', at(scores), '--length', '63', '--sequences', '2', '--steps', '6', '--out', at(out), ...settings.flatMap((one) => ['--set', one]), ...flags];
  const [command, ...rest] = [...under, process.execPath, ...args];
  return spawnSync(command!, rest, { encoding: 'utf8' });
}

const weights = (out: string): Buffer => readFileSync(at(out, 'model/model.safetensors'));
const checkpoints = (out: string): string[] => readdirSync(at(out, 'checkpoints')).sort();

describe('touchstone train', () => {
  it('prints one JSON object with --json, says what it does on stderr, and evaluates on a corpus and on a score set', () => {
    const { status, stdout, stderr } = train({ out: 'json', set: [`run.evaluateOn={clean: ${at('clean.jsonl')}, scored: ${at('scores')}}`], flags: ['--json'] });
    expect([status, stderr.includes('parameters, 1 thread')]).toEqual([0, true]);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    const summary = JSON.parse(stdout) as { step: number; evaluation: Record<string, number> };
    expect(summary).toMatchObject({ step: 6, model: at('json/model') });
    expect(Object.keys(summary.evaluation)).toEqual(['clean', 'scored']);
    for (const loss of Object.values(summary.evaluation)) expect(loss).toBeLessThan(Math.log(2048) + 0.2);
    expect(stderr).toMatch(/step 0: clean 7\.\d{4} nats\nstep 0: scored 7\.\d{4} nats/);
  });

  it('ends with a summary of what was asked and what came of it', () => {
    const { status, stdout } = train({ out: 'people', set: [`run.evaluateOn={clean: ${at('clean.jsonl')}}`, 'selection.keepFraction=0.5'] });
    expect(status).toBe(0);
    expect(stdout.replaceAll(folder, 'FOLDER')).toMatch(
      /^\nsteps {6}6, \d+ tokens seen, \d+ trained on \(4\d\.\d %\)\nselection {2}excess, keepFraction 0\.5\nrate {7}0\.003, cosine to 0, 0 steps of warm-up\nclean {6}\d\.\d{4} nats, 7\.\d{4} before training\nmodel {6}\S+\/people\/model\ncurves {5}\S+\/people\/curves\.html\n$/,
    );
  });

  it('ends with 65 where no step kept a token, and warns before', () => {
    const { status, stderr } = train({ out: 'nothing', set: ['selection.threshold=1000'] });
    expect([status, stderr]).toEqual([65, expect.stringMatching(/warning: step 1: the selection \(excess, threshold 1000\) kept no token: the step learns nothing\n[^]*touchstone: the selection \(excess, threshold 1000\) kept no token in any of the 6 steps/) as string]);
  });

  it('checks that everything fits with --dry-run, prints the settings and writes nothing', () => {
    const good = train({ out: 'dry', flags: ['--dry-run'] });
    expect(good.status).toBe(0);
    expect(JSON.parse(good.stdout)).toMatchObject({ run: { steps: 6, alignmentEvery: 4, device: 'cpu' }, selection: { seed: 0 }, model: { seed: 0 } });
    writeFileSync(at('dry.yaml'), good.stdout);
    const again = spawnSync(process.execPath, [MAIN, 'train', at('dry.yaml'), '--dry-run'], { encoding: 'utf8' });
    expect([again.status, again.stdout]).toEqual([0, good.stdout]);
    const compared = train({ out: 'dry', set: [`run.evaluateOn={clean: ${at('clean.jsonl')}}`], flags: ['--dry-run', '--compare', 'all,entropy'] });
    expect([compared.status, compared.stderr]).toEqual([64, expect.stringContaining('needs the entropy of the reference model') as string]);
    expect(train({ out: 'dry', set: ['data.length=200'], flags: ['--dry-run', '--length', '200'] }).stderr).toContain('data.length must be at most 128 for this model, got 200');
    expect(existsSync(at('dry'))).toBe(false);
  });
});

describe('a folder that is not its own', () => {
  it('is refused with 78 before anything is written, and keeps every file it has', () => {
    mkdirSync(at('taken/model'), { recursive: true });
    writeFileSync(at('taken/model/notes.txt'), 'mine');
    const taken = train({ out: 'taken' });
    expect([taken.status, taken.stderr]).toEqual([78, `touchstone: ${at('taken')} holds model, expected an empty folder or a training run\n  Name another --out.\n`]);
    expect(readFileSync(at('taken/model/notes.txt'), 'utf8')).toBe('mine');
    const scores = train({ out: 'scores' });
    expect([scores.status, scores.stderr]).toEqual([78, expect.stringContaining(`${at('scores')} is a score run, expected an empty folder or a training run`) as string]);
    expect(existsSync(at('scores/metrics.jsonl'))).toBe(false);
  });
});

describe('--resume', () => {
  it('without a run is refused, and a run without it', () => {
    const none = train({ out: 'none', flags: ['--resume'] });
    expect([none.status, none.stderr]).toEqual([64, `touchstone: ${at('none')} holds no training run that could be resumed\n  Leave --resume out to begin one, or name the folder of the run with --out.\n`]);
    expect(existsSync(at('none'))).toBe(false);
  });

  it('with another setting names it, then and now, and ends with 78; more steps are trained', () => {
    expect(train({ out: 'twice' }).status).toBe(0);
    const again = train({ out: 'twice' });
    expect([again.status, again.stderr]).toEqual([78, expect.stringContaining('holds a training run at step 6, expected an empty folder\n  Add --resume') as string]);
    const other = train({ out: 'twice', set: ['selection.keepFraction=0.5'], flags: ['--resume'] });
    expect([other.status, other.stderr]).toEqual([78, expect.stringMatching(/touchstone: selection\.keepFraction was 0\.6 in the run of .*twice and is 0\.5 in this command\n {2}Give it back its value/) as string]);
    const finished = train({ out: 'twice', flags: ['--resume'] });
    expect([finished.status, finished.stderr]).toEqual([0, expect.stringContaining('is finished: all of its 6 steps are done. Raise run.steps to train on.') as string]);
    const more = train({ out: 'twice', flags: ['--resume', '--steps', '7', '--json'] });
    expect([more.status, (JSON.parse(more.stdout) as { step: number }).step]).toEqual([0, 7]);
  });
});

describe('a device that is full', () => {
  const prlimit = spawnSync('prlimit', ['--version']).status === 0;

  it.skipIf(!prlimit)('during a checkpoint ends with 74, names the file and what to do, keeps the last checkpoint and goes on from it to the same weights (skipped without prlimit)', () => {
    expect(train({ out: 'whole' }).status).toBe(0);
    const bytes = readFileSync(at('whole/checkpoints/00000002/optimizer.safetensors')).length;
    // The first command stops at step 2, as if it had been; the second finds room for the weights and not for the moments.
    cpSync(at('whole'), at('full'), { recursive: true });
    for (const later of ['00000004', '00000006']) rmSync(at('full/checkpoints', later), { recursive: true });
    rmSync(at('full/model'), { recursive: true });
    const full = train({ out: 'full', flags: ['--resume'], under: ['prlimit', `--fsize=${bytes - 1000}`] });
    expect([full.status, full.signal]).toEqual([74, null]);
    expect(full.stderr).toContain(`touchstone: cannot write ${at('full/checkpoints/00000004/optimizer.safetensors')}: the file would be larger than the limit (EFBIG)\n  The checkpoint of step 2 is kept: raise the file-size limit (ulimit -f) and run the same command with --resume.`);
    expect(checkpoints('full')).toEqual(['00000002']);
    expect(train({ out: 'full', flags: ['--resume'] }).status).toBe(0);
    expect(weights('full').equals(weights('whole'))).toBe(true);
  });

  const mounted = process.platform === 'linux' && process.getuid?.() === 0;

  it.skipIf(!mounted)('is told from other errors: no space on a small tmpfs (skipped without root on Linux)', ({ skip }) => {
    const disk = at('disk');
    spawnSync('mkdir', [disk]);
    // Room for one checkpoint and half of another.
    const bytes = 1.6 * readdirSync(at('whole/checkpoints/00000002')).reduce((sum, name) => sum + readFileSync(at('whole/checkpoints/00000002', name)).length, 0);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${Math.ceil(bytes / 4096) * 4096}`, 'tmpfs', disk]).status !== 0) skip('this root may not mount');
    try {
      const full = train({ out: 'disk/run' });
      expect(full.status).toBe(74);
      expect(full.stderr).toMatch(/cannot write .*disk\/run\/checkpoints\/00000004\/\S+: no space is left on the device \(ENOSPC\)\n {2}The checkpoint of step 2 is kept: free space on that file system \(older checkpoints may be deleted\) and run the same command with --resume\./);
      expect(checkpoints('disk/run')).toEqual(['00000002']);
      spawnSync('mount', ['-o', `remount,size=${Math.ceil(bytes) * 10}`, disk]);
      expect(train({ out: 'disk/run', flags: ['--resume'] }).status).toBe(0);
      expect(weights('disk/run').equals(weights('whole'))).toBe(true);
    } finally {
      spawnSync('umount', [disk]);
    }
  });
});

describe('a model that diverges', () => {
  it('ends with 65, names step and documents, and keeps a checkpoint to begin anew from', () => {
    const { status, stderr } = train({ out: 'diverges', set: ['optimizer.learningRate=10', 'optimizer.clipNorm=1000000', 'optimizer.weightDecay=10', 'run.checkpointEvery=1'], flags: ['--steps', '200'] });
    expect(status).toBe(65);
    expect(stderr).toMatch(/touchstone: step \d+: the (loss|norm of the gradient) must be finite, got (NaN|Infinity).*; the batch holds document "demo-\d+" \(row \d+ of shards\/part-0000\d\.parquet\)/);
    expect(stderr).toContain(`  The checkpoint of step ${Number(checkpoints('diverges').at(-1))} is kept: begin anew from it (--model ${at('diverges/checkpoints', checkpoints('diverges').at(-1)!)}, another --out)`);
    expect(existsSync(at('diverges/model'))).toBe(false);
  });
});

describe('what does not belong together', () => {
  const changed = (name: string, change: (run: string) => void): string => {
    cpSync(at('scores'), at(name), { recursive: true });
    change(at(name));
    return name;
  };
  const flip = (path: string, where: number): void => {
    const bytes = readFileSync(path);
    const place = Math.floor(bytes.length * where);
    bytes[place] = bytes[place]! ^ 4;
    writeFileSync(path, bytes);
  };

  it.each([['data', 0.4], ['footer', 0.97]])('a flipped bit in the %s of a shard is an error with both hashes, before the first step', (_what, where) => {
    const scores = changed(`flipped ${where}`, (run) => { flip(join(run, 'shards/part-00001.parquet'), where); });
    const { status, stderr } = train({ out: `out ${where}`, scores });
    expect(status).toBe(74);
    expect(stderr).toMatch(/shards\/part-00001\.parquet must have the sha256 of the manifest, [0-9a-f]{64}, it has [0-9a-f]{64}\n {2}The shard was changed or damaged after the run: restore it, or score the unit again\./);
    expect(existsSync(at(`out ${where}`))).toBe(false);
  });

  it.each([
    ['a changed manifest', 74, /manifest\.json has sha256 [0-9a-f]{64}, and _SUCCESS says [0-9a-f]{64}\n {2}Run the command that made this run again/, (run: string) => { writeFileSync(join(run, 'manifest.json'), readFileSync(join(run, 'manifest.json'), 'utf8').replace('"rows": ', '"rows":  ')); }],
    ['a changed plan', 74, /plan\.json .*checksum.*\n {2}\S+/, (run: string) => { writeFileSync(join(run, 'plan.json'), readFileSync(join(run, 'plan.json'), 'utf8').replace('"contextLength": ', '"contextLength": 1')); }],
    ['no _SUCCESS', 64, /is not a finished run: it has manifest\.json and no _SUCCESS\n {2}Finish it/, (run: string) => { rmSync(join(run, '_SUCCESS')); }],
    ['no such folder', 64, /is not a finished run: it has no manifest\.json\n {2}\S+/, (run: string) => { rmSync(run, { recursive: true }); }],
  ])('%s is named with what to do', (what, code, message, change) => {
    const { status, stderr } = train({ out: `out ${what}`, scores: changed(what, change) });
    expect([status, stderr]).toEqual([code, expect.stringMatching(message) as string]);
    expect(existsSync(at(`out ${what}`))).toBe(false);
  });

  it('another tokenizer and too small a vocabulary are mismatches, a model of another kind a usage error', () => {
    const gpt2 = fileURLToPath(new URL('../fixtures/tokenizer/gpt2', import.meta.url));
    const tokenizer = train({ out: 'misfit', set: [`tokenizer.path=${gpt2}`] });
    expect([tokenizer.status, tokenizer.stderr]).toEqual([78, expect.stringMatching(/the live model's tokenizer must be the one the set was scored with, sha256 [0-9a-f]{64}, its tokenizer\.json has [0-9a-f]{64}\n {2}\S+/) as string]);
    const vocabulary = train({ out: 'misfit', set: [`model.init=${JSON.stringify({ ...INIT, vocab_size: 2000 })}`] });
    expect([vocabulary.status, vocabulary.stderr]).toEqual([78, expect.stringMatching(/must have a row for each of the tokenizer's 2048 tokens, its vocabulary has 2000\n {2}\S+/) as string]);
    const entropy = train({ out: 'misfit', set: ['selection.score=entropy'] });
    expect([entropy.status, entropy.stderr]).toEqual([64, expect.stringMatching(/needs the entropy of the reference model, and the set was scored without it\n {2}\S+/) as string]);
    const kind = train({ out: 'misfit', set: [`model.init=${JSON.stringify({ ...INIT, model_type: 'mamba' })}`] });
    expect([kind.status, kind.stderr]).toEqual([64, expect.stringContaining('"mamba"') as string]);
    expect(existsSync(at('misfit'))).toBe(false);
  });
});

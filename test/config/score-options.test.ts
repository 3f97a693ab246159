import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { TouchstoneError } from '../../src/errors.js';
import { allKeys, flagProperty } from '../../src/config/command-settings.js';
import { flagHelp } from '../../src/config/flag-help.js';
import { resolveScoreOptions } from '../../src/config/parse-score-options.js';
import type { SettingsInput } from '../../src/config/resolve-settings.js';
import { scoreFlags } from '../../src/config/score-flags.js';
import { scoreSettings } from '../../src/config/score-settings.js';
import type { ScoreOptions } from '../../src/scoring/options.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'touchstone-config-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const required = { corpus: ['/data/a.jsonl'], model: '/models/tiny', out: '/runs/one' };

/** Resolves with the three required flags given, a YAML file (text) where there is one, and what else is said. */
async function resolve(yaml: string | undefined, more: Partial<SettingsInput> = {}): Promise<ScoreOptions> {
  if (yaml !== undefined) await writeFile(join(folder, 'run.yaml'), yaml);
  return resolveScoreOptions({
    pipelinePath: yaml === undefined ? undefined : 'run.yaml',
    set: [],
    cwd: folder,
    ...more,
    flags: { ...required, ...more.flags },
  });
}

async function problemsOf(yaml: string | undefined, more: Partial<SettingsInput> = {}): Promise<string[]> {
  const error: unknown = await resolve(yaml, more).catch((thrown: unknown) => thrown);
  if (!(error instanceof TouchstoneError)) throw new Error('expected a refusal');
  expect(error.kind).toBe('usage');
  const lines = error.message.split('\n');
  if (lines.length === 1) return lines;
  expect(lines[0]).toBe(`${lines.length - 1} settings are wrong:`);
  return lines.slice(1).map((line) => line.trim());
}

/** The value at "room.key". */
function at(options: ScoreOptions, path: string): unknown {
  const [room = '', key = ''] = path.split('.');
  return (options as unknown as Record<string, Record<string, unknown>>)[room]?.[key];
}

describe('the options of score', () => {
  it('have a default for everything but corpus, model and run folder', async () => {
    expect(await resolve(undefined)).toEqual({
      corpus: {
        paths: ['/data/a.jsonl'],
        textField: ['text'],
        idField: 'id',
        sourceField: 'source',
        maxLineBytes: 64 * 1024 * 1024,
        unitBytes: 'auto',
        limitDocs: null,
      },
      tokenizer: { path: null },
      windows: { layout: 'document', contextLength: 'auto', stride: 'auto', bos: 'auto' },
      model: { path: '/models/tiny', precision: 'auto' },
      runtime: { device: { kind: 'cpu' }, batchTokens: 'auto', threads: 'auto', workers: 1, unitAttempts: 3, batchTimeout: 3600 },
      thresholds: { maxQuarantined: null, maxNonfinite: null },
      output: { run: '/runs/one', reuse: [], stats: { entropy: false, top1: false, bytes: false }, lossPrecision: 'exact' },
    });
  });

  it('can all come from a YAML file', async () => {
    await writeFile(
      join(folder, 'whole.yaml'),
      `# a comment
corpus:
  paths: [/data/a.jsonl, /data/b.parquet]
  textField: [title, body]
  idField: key
  sourceField: origin
  maxLineBytes: 1MiB
  unitBytes: 1000000
  limitDocs: 7
tokenizer: { path: /models/tokenizer }
windows:
  layout: document
  contextLength: 512
  stride: 128
  bos: eos-as-bos
model:
  path: /models/big
  precision: float32
runtime:
  device: cuda:0,2
  batchTokens: 8192
  threads: 4
  workers: 2
  unitAttempts: 1
  batchTimeout: 60
thresholds:
  maxQuarantined: 0.1%
  maxNonfinite: 12
output:
  run: /runs/two
  reuse: [/runs/one, ../zero]
  stats: [entropy, bytes]
  lossPrecision: grid11
`,
    );
    expect(resolveScoreOptions({ pipelinePath: join(folder, 'whole.yaml'), set: [], flags: {}, cwd: '/' })).toEqual({
      corpus: { paths: ['/data/a.jsonl', '/data/b.parquet'], textField: ['title', 'body'], idField: 'key', sourceField: 'origin', maxLineBytes: 1_048_576, unitBytes: 1_000_000, limitDocs: 7 },
      tokenizer: { path: '/models/tokenizer' },
      windows: { layout: 'document', contextLength: 512, stride: 128, bos: 'eos-as-bos' },
      model: { path: '/models/big', precision: 'float32' },
      runtime: { device: { kind: 'cuda', ids: [0, 2] }, batchTokens: 8192, threads: 4, workers: 2, unitAttempts: 1, batchTimeout: 60 },
      thresholds: { maxQuarantined: { kind: 'share', share: 0.001, text: '0.1%' }, maxNonfinite: { kind: 'count', count: 12, text: '12' } },
      output: { run: '/runs/two', reuse: ['/runs/one', join(folder, '../zero')], stats: { entropy: true, top1: false, bytes: true }, lossPrecision: 'grid11' },
    });
  });

  it('come from the flag before --set, from --set before YAML, from YAML before the default', async () => {
    const yaml = 'windows:\n  contextLength: 256\n  stride: 64\n  layout: document\n  bos: bos\n';
    const set = ['windows.stride=32', 'windows.contextLength=128', 'windows.stride=16'];
    const { windows } = await resolve(yaml, { set, flags: { contextLength: '100' } });
    expect(windows).toEqual({ contextLength: 100, stride: 16, layout: 'document', bos: 'bos' });
  });

  it('may be given in any way that YAML has for them', async () => {
    const options = await resolve('# nothing yet\nruntime:\ncorpus: &c\n  textField: body\n  limitDocs: null\n', { set: ['corpus.textField=[a, b]', 'output.stats=none'] });
    expect(options.corpus.textField).toEqual(['a', 'b']);
    expect((await resolve('')).windows.layout).toBe('document');
    expect((await resolve('output: { stats: "entropy, top1" }')).output.stats).toEqual({ entropy: true, top1: true, bytes: false });
    expect((await resolve('corpus: { textField: &f [a] }\noutput: { stats: [] }')).output.stats.entropy).toBe(false);
  });
});

describe('relative paths', () => {
  it('in a YAML file mean its folder, and in flags and --set the working directory', async () => {
    await mkdir(join(folder, 'deep'), { recursive: true });
    await writeFile(
      join(folder, 'deep', 'run.yaml'),
      'corpus: { paths: [a.jsonl, ../b/*.parquet, /absolute.txt] }\nmodel: { path: ../model }\ntokenizer: { path: . }\noutput: { run: runs/one }\n',
    );
    const input = { pipelinePath: 'deep/run.yaml', set: ['tokenizer.path=tok'], flags: {}, cwd: folder };
    const options = resolveScoreOptions(input);
    expect(options.corpus.paths).toEqual([join(folder, 'deep/a.jsonl'), join(folder, 'b/*.parquet'), '/absolute.txt']);
    expect(options.model.path).toBe(join(folder, 'model'));
    expect(options.tokenizer.path).toBe(join(folder, 'tok'));
    expect(options.output.run).toBe(join(folder, 'deep/runs/one'));
    const flagged = resolveScoreOptions({ ...input, flags: { corpus: ['x/*.jsonl', 'y'], out: 'here' } });
    expect(flagged.corpus.paths).toEqual([join(folder, 'x/*.jsonl'), join(folder, 'y')]);
    expect(flagged.output.run).toBe(join(folder, 'here'));
  });

  it('of a glob keep a folder whose name has brackets as it is', () => {
    const options = resolveScoreOptions({ set: [], flags: { ...required, corpus: ['*.jsonl', 'a.jsonl'] }, cwd: '/data/set [1] (new)' });
    expect(options.corpus.paths).toEqual(['/data/set \\[1\\] \\(new\\)/*.jsonl', '/data/set [1] (new)/a.jsonl']);
  });
});

describe('every flag', () => {
  const samples: Readonly<Record<string, readonly [given: unknown, value: unknown]>> = {
    '--corpus': [['/x/a.jsonl', '/x/b.txt'], ['/x/a.jsonl', '/x/b.txt']],
    '--model': ['/x/model', '/x/model'],
    '--precision': ['int8', 'int8'],
    '--device': ['cuda', { kind: 'cuda', ids: [0] }],
    '--out': ['/x/run', '/x/run'],
    '--reuse': [['/x/one', '/x/two'], ['/x/one', '/x/two']],
    '--text-field': [['question', 'answer'], ['question', 'answer']],
    '--id-field': ['7', '7'],
    '--source-field': ['origin', 'origin'],
    '--tokenizer': ['/x/tokenizer', '/x/tokenizer'],
    '--context-length': ['777', 777],
    '--stride': ['77', 77],
    '--layout': ['packed', 'packed'],
    '--bos': ['none', 'none'],
    '--stats': ['entropy,bytes', { entropy: true, top1: false, bytes: true }],
    '--loss-precision': ['grid11', 'grid11'],
    '--batch-tokens': ['2048', 2048],
    '--threads': ['3', 3],
    '--workers': ['2', 2],
    '--unit-attempts': ['5', 5],
    '--batch-timeout': ['90', 90],
    '--max-quarantined': ['2.5%', { kind: 'share', share: 0.025, text: '2.5%' }],
    '--max-nonfinite': ['0', { kind: 'count', count: 0, text: '0' }],
    '--limit-docs': ['12', 12],
    '--unit-bytes': ['5MiB', 5_242_880],
    '--max-line-bytes': ['4096', 4096],
  };

  it.each(scoreFlags.map((flag) => [flag.flag, flag] as const))('%s reaches its key', async (name, flag) => {
    const [given, value] = samples[name] ?? [];
    const options = await resolve(undefined, { flags: { [flagProperty(name)]: given } });
    expect(at(options, flag.key)).toEqual(value);
    expect(at(await resolve(undefined, { flags: { [flagProperty(name)]: undefined } }).catch(() => ({}) as ScoreOptions), flag.key)).not.toEqual(value);
  });

  it('has one key, and every key has one flag', () => {
    expect(scoreFlags.map((flag) => flag.key).sort()).toEqual(allKeys(scoreSettings.rooms).sort());
    expect(new Set(scoreFlags.map((flag) => flag.flag)).size).toBe(scoreFlags.length);
    expect(Object.keys(samples).sort()).toEqual(scoreFlags.map((flag) => flag.flag).sort());
  });

  it('shows its key and its default in the help', () => {
    const help = Object.fromEntries(scoreFlags.map((flag) => [flag.flag, flagHelp(scoreSettings, flag)]));
    expect(help['--model']).toBe('Hugging Face checkpoint folder, or an exported decoder .onnx [model.path, required]');
    expect(help['--device']).toMatch(/\[runtime\.device, default cpu\]$/);
    expect(help['--stats']).toMatch(/\[output\.stats, default none\]$/);
    expect(help['--text-field']).toMatch(/\[corpus\.textField, default text\]$/);
    expect(help['--batch-tokens']).toMatch(/\[runtime\.batchTokens, default auto\]$/);
    expect(help['--reuse']).toMatch(/\[output\.reuse, default none\]$/);
    expect(help['--unit-bytes']).toMatch(/\[corpus\.unitBytes, default auto\]$/);
    expect(help['--max-line-bytes']).toMatch(/\[corpus\.maxLineBytes, default 64MiB\]$/);
    expect(help['--limit-docs']).toMatch(/\[corpus\.limitDocs, optional\]$/);
  });

  it('named as its property in commander', () => {
    expect(['--context-length', '--out', '--max-line-bytes'].map(flagProperty)).toEqual(['contextLength', 'out', 'maxLineBytes']);
  });
});

describe('a key that does not exist', () => {
  it.each([
    ['windows:\n  strid: 4\n', 'run.yaml:2: windows.strid is not a setting (did you mean windows.stride?); the keys of windows are layout, contextLength, stride, bos'],
    ['windows:\n  stride: 4\n  context_length: 8\n', 'run.yaml:3: windows.context_length is not a setting (did you mean windows.contextLength?); the keys of windows are layout, contextLength, stride, bos'],
    ['windows:\n  batchTokens: 4\n', 'run.yaml:2: windows.batchTokens is not a setting (did you mean runtime.batchTokens?); the keys of windows are layout, contextLength, stride, bos'],
    ['windows:\n  colour: red\n', 'run.yaml:2: windows.colour is not a setting; the keys of windows are layout, contextLength, stride, bos'],
    ['\n\nwindow:\n  stride: 4\n', 'run.yaml:3: window is not a setting (did you mean windows?); settings stand under corpus, tokenizer, windows, model, runtime, thresholds, output'],
    ['threads: 4\n', 'run.yaml:1: threads is not a setting (did you mean runtime.threads?); settings stand under corpus, tokenizer, windows, model, runtime, thresholds, output'],
    ['__proto__:\n  stride: 4\n', 'run.yaml:1: __proto__ is not a setting; settings stand under corpus, tokenizer, windows, model, runtime, thresholds, output'],
    ['windows:\n  constructor: 4\n', 'run.yaml:2: windows.constructor is not a setting; the keys of windows are layout, contextLength, stride, bos'],
  ])('in YAML is refused with its line and the key that was meant: %j', async (yaml, problem) => {
    expect(await problemsOf(yaml)).toEqual([problem]);
  });

  it('in --set is refused the same way', async () => {
    expect(await problemsOf(undefined, { set: ['windows.strid=4'] })).toEqual([
      '--set windows.strid=4: windows.strid is not a setting (did you mean windows.stride?); the keys of windows are layout, contextLength, stride, bos',
    ]);
  });
});

describe('a value out of range', () => {
  const refusals: readonly [key: string, yaml: string, problem: string][] = [
    ['corpus.paths', '[]', 'must be a file, folder or glob, or a list of them, got []'],
    ['corpus.textField', '7', 'must be the name of a field, or a list of them, got 7'],
    ['corpus.idField', '""', 'must be the name of a field, got ""'],
    ['corpus.sourceField', 'null', 'must be the name of a field, got null'],
    ['corpus.maxLineBytes', '64M', 'must be a number of bytes from 1 to 536870888, such as 67108864 or 64MiB, got "64M"'],
    ['corpus.maxLineBytes', '1GiB', 'must be a number of bytes from 1 to 536870888, such as 67108864 or 64MiB, got "1GiB"'],
    ['corpus.unitBytes', '0', 'must be a number of bytes of at least 1, such as 67108864 or 64MiB, or auto, got 0'],
    ['corpus.unitBytes', 'some', 'must be a number of bytes of at least 1, such as 67108864 or 64MiB, or auto, got "some"'],
    ['corpus.limitDocs', '0', 'must be a whole number of at least 1, or null, got 0'],
    ['corpus.limitDocs', '1.5', 'must be a whole number of at least 1, or null, got 1.5'],
    ['tokenizer.path', '[a]', 'must be a folder, or null, got '],
    ['windows.layout', 'rows', 'must be one of document, packed, got "rows"'],
    ['windows.contextLength', '1', 'must be a whole number from 2 to 1048576, or auto, got 1'],
    ['windows.contextLength', '"512"', 'must be a whole number from 2 to 1048576, or auto, got "512"'],
    ['windows.contextLength', '.nan', 'must be a whole number from 2 to 1048576, or auto, got NaN'],
    ['windows.stride', '0', 'must be a whole number from 1 to 1048575, or auto, got 0'],
    ['windows.bos', 'yes', 'must be one of none, bos, eos-as-bos, auto, got "yes"'],
    ['model.path', '""', 'must be a checkpoint folder or an .onnx file, got ""'],
    ['runtime.batchTokens', '0', 'must be a whole number from 1 to 16777216, or auto, got 0'],
    ['runtime.threads', '-1', 'must be a whole number from 1 to 1024, or auto, got -1'],
    ['runtime.workers', '257', 'must be a whole number from 1 to 256, got 257'],
    ['runtime.unitAttempts', '0', 'must be a whole number from 1 to 100, got 0'],
    ['runtime.batchTimeout', '0.5', 'must be a whole number from 1 to 604800, got 0.5'],
    ['thresholds.maxQuarantined', '0.001', 'must be a whole number of at least 0, a share from 0% to 100% such as 0.1%, or null, got 0.001'],
    ['thresholds.maxQuarantined', '101%', 'must be a whole number of at least 0, a share from 0% to 100% such as 0.1%, or null, got "101%"'],
    ['thresholds.maxNonfinite', '-1', 'must be a whole number of at least 0, a share from 0% to 100% such as 0.1%, or null, got -1'],
    ['output.run', '{ a: 1 }', 'must be a folder, got {"a":1}'],
    ['output.reuse', '""', 'must be the folder of an earlier run, or a list of them, got ""'],
    ['output.stats', '[entropy, margin]', 'must list any of entropy, top1, bytes, or be all or none, got ["entropy","margin"]'],
    ['model.precision', 'bf16', 'must be one of auto, float32, float16, int8, got "bf16"'],
    ['runtime.device', 'cuda:1,1', 'must be cpu, cuda, cuda with device numbers such as cuda:0,1, or auto, got "cuda:1,1"'],
    ['output.lossPrecision', 'half', 'must be one of exact, grid11, got "half"'],
  ];
  it.each(refusals)('for %s (%s) is refused with line, expectation and value', async (key, value, problem) => {
    const [room = '', name = ''] = key.split('.');
    const flags = Object.fromEntries(scoreFlags.filter((flag) => flag.key === key).map((flag) => [flagProperty(flag.flag), undefined]));
    const [only, ...others] = await problemsOf(`# line one\n${room}:\n  ${name}: ${value}\n`, { flags });
    expect(others).toEqual([]);
    expect(only).toContain(`run.yaml:3: ${key} ${problem}`);
  });

  it('has a refusal for every key', () => {
    expect([...new Set(refusals.map(([key]) => key))].sort()).toEqual(allKeys(scoreSettings.rooms).sort());
  });

  it('in a list is refused with the line of its entry', async () => {
    expect(await problemsOf('corpus:\n  textField:\n    - title\n    - 5\n    - body\n')).toEqual([
      'run.yaml:4: corpus.textField[1] must be the name of a field, or a list of them, got 5',
    ]);
  });

  it('from a flag or --set is refused by its name', async () => {
    expect(await problemsOf(undefined, { flags: { contextLength: '12x', stats: 'loss' }, set: ['runtime.threads=many'] })).toEqual([
      '--context-length: windows.contextLength must be a whole number from 2 to 1048576, or auto, got "12x"',
      '--set runtime.threads=many: runtime.threads must be a whole number from 1 to 1024, or auto, got "many"',
      '--stats: output.stats must list any of entropy, top1, bytes, or be all or none, got "loss"',
    ]);
  });

  it('that a flag overrides does no harm', async () => {
    expect((await resolve('windows: { contextLength: many }', { flags: { contextLength: '64' } })).windows.contextLength).toBe(64);
  });
});

describe('settings that contradict each other', () => {
  it.each([
    [{ flags: { contextLength: '128', stride: '128' } }, '--stride: windows.stride must be less than windows.contextLength, which is 128, got 128'],
    [{ flags: { layout: 'packed' }, set: ['windows.stride=4'] }, '--set windows.stride=4: windows.stride must be auto in the packed layout, where every row is one window, got 4'],
    [{ flags: { layout: 'packed', reuse: ['/one'] } }, '--reuse: output.reuse must be left out in the packed layout, where a row holds pieces of many documents, got ["/one"]'],
    [{ flags: { threads: '2', workers: '3' } }, '--workers: runtime.workers must be at most runtime.threads, which is 2, got 3'],
  ])('are refused: %j', async (more, problem) => {
    expect(await problemsOf(undefined, more)).toEqual([problem]);
  });
});

describe('everything that is wrong with a command', () => {
  it('is listed at once', async () => {
    const yaml = 'corpus:\n  txtField: a\nwindows:\n  bos: maybe\nmodels: {}\n';
    expect(await problemsOf(yaml, { set: ['stride=4', 'runtime.workers=[1'], flags: { corpus: undefined, out: undefined, threads: 'x' } })).toEqual([
      expect.stringContaining('run.yaml:2: corpus.txtField is not a setting (did you mean corpus.textField?)'),
      expect.stringContaining('run.yaml:5: models is not a setting (did you mean model?)'),
      '--set stride=4: expected room.key=value, such as windows.stride=256',
      expect.stringContaining('--set runtime.workers=[1: the value is not YAML: '),
      'no corpus is given: pass --corpus <glob...> or set corpus.paths in the YAML file',
      'run.yaml:4: windows.bos must be one of none, bos, eos-as-bos, auto, got "maybe"',
      '--threads: runtime.threads must be a whole number from 1 to 1024, or auto, got "x"',
      'no run folder is given: pass --out <run> or set output.run in the YAML file',
    ]);
  });

  it('begins with what must be given', () => {
    expect(() => resolveScoreOptions({ set: [], flags: {}, cwd: '/' })).toThrow(
      [
        '3 settings are wrong:',
        '  no corpus is given: pass --corpus <glob...> or set corpus.paths in the YAML file',
        '  no model is given: pass --model <path> or set model.path in the YAML file',
        '  no run folder is given: pass --out <run> or set output.run in the YAML file',
      ].join('\n'),
    );
  });
});

describe('a YAML file that cannot be understood', () => {
  it.each([
    ['windows:\n  stride: 4\n  stride: 5\n', /^run\.yaml:3: the key stands here a second time, expected it once$/],
    ['windows: [1,\n', /^run\.yaml:\d: /],
    ['a: 1\n---\nb: 2\n', /^run\.yaml:2: the file holds more than one document/],
    ['windows:\n  stride: !tokens 4\n', /^run\.yaml:2: Unresolved tag: !tokens$/],
    ['windows:\n  stride: *other\n', /^run\.yaml:2: windows\.stride cannot be read: Unresolved alias/],
    ['windows: document\n', /^run\.yaml:1: windows must hold keys \(layout, contextLength, stride, bos\), got "document"$/],
    ['- windows\n', /^run\.yaml:1: the file must hold corpus, tokenizer, windows, model, runtime, thresholds, output, got \["windows"\]$/],
    ['windows:\n  ? [a, b]\n  : 4\n', /^run\.yaml:2: windows\.\["a","b"\] is not a setting/],
  ])('is refused with its line: %j', async (yaml, problem) => {
    const [only, ...others] = await problemsOf(yaml);
    expect(others).toEqual([]);
    expect(only).toMatch(problem);
  });

  it('because it is missing, a folder or not UTF-8 is named', async () => {
    await writeFile(join(folder, 'latin1.yaml'), Buffer.from('model: { path: caf\xe9 }', 'latin1'));
    const named = (pipelinePath: string): Promise<string[]> => problemsOf(undefined, { pipelinePath });
    expect(await named('absent.yaml')).toEqual(['absent.yaml cannot be read: it does not exist']);
    expect(await named('.')).toEqual(['. cannot be read: it is a folder, expected a YAML file']);
    expect(await named('latin1.yaml')).toEqual(['latin1.yaml cannot be read: it is not UTF-8 text']);
  });
});

import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parquetReadObjects, asyncBufferFromFile } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../src/tokenizer/load-tokenizer.js';
import { DEMO_MODEL, demoDocuments, temporaryFolder, writeJsonl } from '../scoring/demo-run.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

function touchstone(args: readonly string[], cwd?: string): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', ...(cwd === undefined ? {} : { cwd }) });
}

function corpusOf(folder: string, documents: number): string {
  const corpus = join(folder, 'corpus.jsonl');
  writeJsonl(corpus, demoDocuments(documents));
  return corpus;
}

const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

describe('touchstone score', () => {
  it('prints a summary for people, and Parquet that another library reads', async () => {
    const folder = temporaryFolder();
    const corpus = corpusOf(folder, 20);
    const { status, stdout, stderr } = touchstone(['score', '--corpus', corpus, '--model', DEMO_MODEL, '--out', 'run', '--stats', 'entropy'], folder);
    expect(stderr).toContain('context 512, stride 256');
    expect(status).toBe(0);
    expect(stdout).toMatch(/documents {2}20 read = 20 scored \+ 0 quarantined \+ 0 skipped/);
    expect(stdout).toContain('run/shards/part-00000.parquet');
    const file = await asyncBufferFromFile(join(folder, 'run/shards/part-00000.parquet'));
    const rows = (await parquetReadObjects({ file, compressors })) as { doc_id: string; token_ids: number[]; ref_loss: number[]; entropy: number[]; n_tokens: number }[];
    expect(rows.map(({ doc_id: id }) => id)).toEqual(demoDocuments(20).map(({ id }) => id));
    expect(rows.every(({ token_ids: ids, ref_loss: losses, entropy, n_tokens: n }) => ids.length === n && losses.length === n && entropy.length === n)).toBe(true);
  });

  it('prints exactly one JSON object on stdout with --json, and nothing on either with --quiet', () => {
    const folder = temporaryFolder();
    const corpus = corpusOf(folder, 4);
    const json = touchstone(['score', '--corpus', corpus, '--model', DEMO_MODEL, '--out', join(folder, 'a'), '--json']);
    expect(json.stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(json.stdout)).toMatchObject({ documents: { read: 4, scored: 4 }, units: 1, unitsScored: 1 });
    const quiet = touchstone(['score', '--corpus', corpus, '--model', DEMO_MODEL, '--out', join(folder, 'b'), '--quiet']);
    expect([quiet.status, quiet.stdout, quiet.stderr]).toEqual([0, '', '']);
  });

  it('prints the plan with --dry-run and writes nothing', () => {
    const folder = temporaryFolder();
    const corpus = corpusOf(folder, 4);
    const { status, stdout } = touchstone(['score', '--corpus', corpus, '--model', DEMO_MODEL, '--out', join(folder, 'run'), '--dry-run']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ corpus: { files: [{ path: 'corpus.jsonl', sha256: hashOf(corpus) }] }, windows: { contextLength: 512, stride: 256, bos: 'bos' } });
    expect(existsSync(join(folder, 'run'))).toBe(false);
    const folderless = touchstone(['score', '--corpus', corpus, '--model', DEMO_MODEL, '--dry-run']);
    expect([folderless.status, folderless.stdout]).toEqual([0, stdout]);
    expect(touchstone(['plan', '--corpus', corpus, '--model', DEMO_MODEL]).stderr).toContain('no run folder is given');
  });

  it('says where a file was taken for something else', () => {
    const folder = temporaryFolder();
    const corpus = corpusOf(folder, 1);
    const swallowed = touchstone(['score', '--corpus', corpus, 'nightly.yaml']);
    expect([swallowed.status, swallowed.stderr]).toEqual([64, expect.stringMatching(/^touchstone: nightly\.yaml was taken as a value of --corpus, which takes all that follow; put it before the flags: touchstone score nightly\.yaml --corpus/) as string]);
    const misplaced = touchstone(['score', corpus, '--model', DEMO_MODEL, '--out', join(folder, 'run')]);
    expect([misplaced.status, misplaced.stderr]).toEqual([64, expect.stringContaining('corpus.jsonl looks like a corpus, expected a YAML file with settings: pass it with --corpus') as string]);
    const hub = touchstone(['score', '--corpus', corpus, '--model', join(folder, 'org/name'), '--out', join(folder, 'run')]);
    expect(hub.status).toBe(64);
    expect(hub.stderr).toMatch(/if org\/name is a name on the Hugging Face hub, it is not downloaded\n.*"hf download org\/name --local-dir name"/);
  });

  it('refuses what it does not know, and says what was meant', () => {
    const flag = touchstone(['score', '--strid', '5']);
    expect(flag.status).toBe(64);
    expect(flag.stderr).toMatch(/^touchstone: unknown option '--strid'\n\(Did you mean --stride\?\)\n\(touchstone score --help lists its flags\)/);
    const key = touchstone(['score', '--set', 'windows.context_length=5', '--corpus', 'a', '--model', 'b', '--out', 'c']);
    expect(key.status).toBe(64);
    expect(key.stderr).toContain('did you mean windows.contextLength?');
  });

  it('refuses another plan on the same run folder with exit code 78', () => {
    const folder = temporaryFolder();
    const args = ['score', '--corpus', corpusOf(folder, 4), '--model', DEMO_MODEL, '--out', join(folder, 'run')];
    expect(touchstone(args).status).toBe(0);
    const other = touchstone([...args, '--stride', '100']);
    expect(other.status).toBe(78);
    expect(other.stderr).toContain('plan.windows.stride is 256 in this run and 100 in this command');
  });

  it('names what is wrong with a model folder', () => {
    const folder = temporaryFolder();
    const corpus = corpusOf(folder, 2);
    const attempt = (change: (model: string) => void): SpawnSyncReturns<string> => {
      const model = join(folder, `model-${readdirSync(folder).length}`);
      mkdirSync(model);
      for (const name of readdirSync(DEMO_MODEL)) copyFileSync(join(DEMO_MODEL, name), join(model, name));
      change(model);
      return touchstone(['score', '--corpus', corpus, '--model', model, '--out', join(folder, 'run')]);
    };
    const config = JSON.parse(readFileSync(join(DEMO_MODEL, 'config.json'), 'utf8')) as Record<string, unknown>;
    const rewrite = (change: Record<string, unknown>) => (model: string) => { writeFileSync(join(model, 'config.json'), JSON.stringify({ ...config, ...change })); };

    const truncated = attempt((model) => { truncateSync(join(model, 'model.safetensors'), 100_000); });
    expect(truncated.status).toBe(74);
    expect(truncated.stderr).toMatch(/model\.safetensors.*100,?000/s);
    const foreign = attempt(rewrite({ model_type: 'mamba', architectures: ['MambaForCausalLM'] }));
    expect(foreign.status).toBe(64);
    expect(foreign.stderr).toMatch(/one of llama, mistral.*found "mamba"/s);
    const shallow = attempt(rewrite({ num_hidden_layers: 2 }));
    expect(shallow.status).toBe(74);
    expect(shallow.stderr).toContain('model.layers.2.');
    const small = attempt(rewrite({ vocab_size: 100 }));
    expect(small.stderr).toMatch(/ids go up to 2047.*100 entries/);
    expect(existsSync(join(folder, 'run'))).toBe(false);
  });
});

describe('what a corpus holds', () => {
  it('cannot reach the terminal as anything but text', () => {
    const folder = temporaryFolder();
    writeJsonl(join(folder, 'corpus.jsonl'), [{ id: 'id\u001b[31m\nred', text: 'The \u001b]0;title\u0007 of \u202Ethis text is long enough to be among the noisiest documents of a corpus of one.' }]);
    const { stdout, stderr, status } = touchstone(['score', '--corpus', join(folder, 'corpus.jsonl'), '--model', DEMO_MODEL, '--out', join(folder, 'run')]);
    expect(status).toBe(0);
    expect(stdout).toContain('id\\u{1b}[31m red');
    expect(Array.from(stdout + stderr).filter((character) => /\p{C}/u.test(character) && character !== '\n')).toEqual([]);
  });

  it('ends with exit code 65 if there is no document at all, and leaves the run complete', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'empty.jsonl'), '\n\n');
    const { status, stderr } = touchstone(['score', '--corpus', join(folder, 'empty.jsonl'), '--model', DEMO_MODEL, '--out', join(folder, 'run')]);
    expect(status).toBe(65);
    expect(stderr).toContain('no document was read, expected at least one');
    expect(existsSync(join(folder, 'run/_SUCCESS'))).toBe(true);
    const beside = touchstone(['score', '--corpus', join(folder, 'empty.jsonl'), '--model', DEMO_MODEL, '--out', join(folder, 'run'), '--task', '0/2']);
    expect([beside.status, beside.stderr]).toEqual([0, expect.stringContaining('no units') as string]);
  });

  it('ends with exit code 65 if the model gives no finite loss, and warns of those even with --quiet', () => {
    const folder = temporaryFolder();
    const model = join(folder, 'model');
    mkdirSync(model);
    for (const name of readdirSync(DEMO_MODEL)) copyFileSync(join(DEMO_MODEL, name), join(model, name));
    const weights = readFileSync(join(model, 'model.safetensors'));
    writeFileSync(join(model, 'model.safetensors'), weights.fill(0xff, 8 + Number(weights.readBigUInt64LE(0)))); // NaN in every format
    const args = ['score', '--corpus', corpusOf(folder, 3), '--model', model, '--out', join(folder, 'run')];
    const { status, stdout, stderr } = touchstone(args);
    expect(status).toBe(65);
    expect(stdout).toMatch(/mean loss {2}none\n/);
    expect(stdout).toMatch(/tok\/s while scoring/);
    expect(stderr).toMatch(/not one of the \d+ losses that were computed is finite/);
    expect(existsSync(join(folder, 'run/_SUCCESS'))).toBe(true);
    const quiet = touchstone([...args, '--quiet']);
    expect([quiet.status, quiet.stdout]).toEqual([65, '']);
    expect(quiet.stderr).toMatch(/^warning: (\d+) of \1 tokens have no finite loss \(100 %\)/);
    expect(touchstone(['finalize', join(folder, 'run')]).status).toBe(65);
  });

  it('ends with exit code 65 if not one document could be scored, and with a question about the field if none has it', () => {
    const folder = temporaryFolder();
    writeJsonl(join(folder, 'broken.jsonl'), ['{"text": "cut', '{']);
    const broken = touchstone(['score', '--corpus', join(folder, 'broken.jsonl'), '--model', DEMO_MODEL, '--out', join(folder, 'a')]);
    expect(broken.status).toBe(65);
    expect(broken.stderr).toContain('none of the 2 documents read could be scored');
    writeJsonl(join(folder, 'other.jsonl'), [{ content: 'a' }, { content: 'b' }]);
    const other = touchstone(['score', '--corpus', join(folder, 'other.jsonl'), '--model', DEMO_MODEL, '--out', join(folder, 'b')]);
    expect(other.status).toBe(64);
    expect(other.stderr).toMatch(/textField is text, and the first 2 records have no such field.*--text-field/s);
  });
});

describe('a run that is stopped', () => {
  const start = (args: readonly string[]): { child: ReturnType<typeof spawn>; exit: Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }> } => {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => { stderr += chunk.toString(); });
    return { child, exit: new Promise((resolve) => child.on('close', (code, signal) => { resolve({ code, signal, stderr }); })) };
  };
  const committed = async (run: string): Promise<void> => {
    while (!existsSync(join(run, 'commits')) || !readdirSync(join(run, 'commits')).some((name) => /^\d+\.json$/.test(name))) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  it.each([['SIGINT', 130], ['SIGTERM', 75], ['SIGKILL', null]] as const)('by %s resumes to the same bytes', async (signal, code) => {
    const folder = temporaryFolder();
    const args = (run: string): string[] => ['score', '--corpus', join(folder, 'corpus.jsonl'), '--model', DEMO_MODEL, '--out', join(folder, run), '--unit-bytes', '12000', '--batch-tokens', '512'];
    corpusOf(folder, 150);
    const { child, exit } = start(args('stopped'));
    await committed(join(folder, 'stopped'));
    child.kill(signal);
    const ended = await exit;
    expect(code === null ? ended.signal : ended.code).toBe(code ?? 'SIGKILL');
    if (code !== null) expect(ended.stderr).toMatch(/\nkept {5}[1-9]\d* of \d+ units (is|are) done and kept/);
    expect(existsSync(join(folder, 'stopped/manifest.json'))).toBe(false);
    expect(touchstone(args('stopped')).status).toBe(0);
    expect(touchstone(args('whole')).status).toBe(0);
    for (const name of ['manifest.json', ...readdirSync(join(folder, 'whole/shards')).map((shard) => `shards/${shard}`)]) {
      expect(hashOf(join(folder, 'stopped', name))).toBe(hashOf(join(folder, 'whole', name)));
    }
  });
});

describe('a run that is told twice to stop', () => {
  it('ends at once, by the signal, and not by a crash inside the runtime', async () => {
    const folder = temporaryFolder();
    writeJsonl(join(folder, 'corpus.jsonl'), [{ id: 'long', text: demoDocuments(60).map(({ text }) => text).join(' ') }]);
    const child = spawn(process.execPath, [MAIN, 'score', '--corpus', join(folder, 'corpus.jsonl'), '--model', DEMO_MODEL, '--out', join(folder, 'run'), '--batch-tokens', '16384'], { stdio: ['ignore', 'ignore', 'pipe'] });
    const exit = new Promise<readonly [number | null, NodeJS.Signals | null]>((resolve) => child.on('exit', (code, signal) => { resolve([code, signal]); }));
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => { stderr += chunk.toString(); });
    while (!stderr.includes('windows')) await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, 400)); // inside the first batch
    child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill('SIGINT');
    expect(await exit).toEqual([null, 'SIGINT']);
    expect(stderr).not.toContain('terminate called');
  });
});

describe('real text', () => {
  const DATA = fileURLToPath(new URL('../../../shared/data/', import.meta.url));
  const present = existsSync(join(DATA, 'gsm8k-test.jsonl'));

  it.skipIf(!present)('GSM8K and Shakespeare score cleanly, and the counts are those of a plain count (skipped where ../shared/data is missing)', async () => {
    const folder = temporaryFolder();
    // A tenth of the test split keeps this in seconds; the whole of it is a matter of minutes.
    const lines = readFileSync(join(DATA, 'gsm8k-test.jsonl'), 'utf8').trimEnd().split('\n').slice(0, 130);
    writeFileSync(join(folder, 'gsm8k.jsonl'), `${lines.join('\n')}\n`);
    writeFileSync(join(folder, 'shakespeare.txt'), readFileSync(join(DATA, 'tinyshakespeare.txt'), 'utf8').slice(0, 60_000));
    const gsm8k = touchstone(['score', '--corpus', join(folder, 'gsm8k.jsonl'), '--text-field', 'question', 'answer', '--model', DEMO_MODEL, '--out', join(folder, 'a'), '--stats', 'bytes', '--json']);
    expect(gsm8k.status).toBe(0);
    expect(JSON.parse(gsm8k.stdout)).toMatchObject({ documents: { read: 130, scored: 130, quarantined: 0, skipped: 0 }, nonfinite: 0 });
    const plays = touchstone(['score', '--corpus', join(folder, 'shakespeare.txt'), '--model', DEMO_MODEL, '--out', join(folder, 'b'), '--json']);
    expect(JSON.parse(plays.stdout)).toMatchObject({ documents: { read: 1, scored: 1 }, nonfinite: 0 });

    const tokenizer = await loadTokenizer(DEMO_MODEL);
    const texts = lines.map((line) => JSON.parse(line) as { question: string; answer: string }).map(({ question, answer }) => `${question}\n${answer}`);
    const tokens = (await tokenizer.encode(texts, { bytes: false })).reduce((sum, { ids }) => sum + ids.length, 0);
    expect(JSON.parse(gsm8k.stdout)).toMatchObject({ tokens, scored: tokens });
  });
});

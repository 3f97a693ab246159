/**
 * Audits score sets and has DuckDB recompute every number of the report (scripts/oracles/audit.py): a part of the demo corpus with all statistics, against an earlier
 * part, with the model at other context lengths standing in for checkpoints and for a live model.
 *
 * usage: npm run test:interop, or tsx scripts/interop/audit.ts [run [flags of touchstone audit ...]] for a run there is already
 * TOUCHSTONE_PYTHON names a Python with duckdb and numpy; without it .venv/interop is used, which scripts/interop/readers.ts makes.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const named = process.env['TOUCHSTONE_PYTHON'];
const PYTHON = named !== undefined && named !== '' ? named : join(ROOT, '.venv/interop/bin/python');

function touchstone(...args: string[]): void {
  execFileSync(process.execPath, [join(ROOT, 'dist/cli/main.js'), ...args, '--quiet'], { stdio: 'inherit' });
}

function check(folder: string, run: string, ...flags: string[]): void {
  const json = join(folder, 'audit.json');
  touchstone('audit', run, ...flags, '--json', json);
  execFileSync(PYTHON, [join(ROOT, 'scripts/oracles/audit.py'), json], { stdio: 'inherit' });
}

const folder = await mkdtemp(join(tmpdir(), 'touchstone-audit-'));
try {
  const [given, ...flags] = process.argv.slice(2);
  if (given !== undefined) {
    check(folder, given, ...flags);
  } else {
    const lines = (await readFile(join(ROOT, 'pipelines/demo/corpus.jsonl'), 'utf8')).trimEnd().split('\n');
    const scored = async (name: string, documents: readonly string[], ...options: string[]): Promise<string> => {
      const corpus = join(folder, `${name}.jsonl`);
      await writeFile(corpus, `${documents.join('\n')}\n`);
      touchstone('score', '--corpus', corpus, '--model', join(ROOT, 'pipelines/demo/model'), '--out', join(folder, name), ...options);
      return join(folder, name);
    };
    const edited = lines.slice(0, 150).map((line, i) => (i % 10 === 0 ? line.replace('"text":"', '"text":"Edited. ') : line));
    const bad = ['{"text":3}', '{"id":"empty","text":""}', '{'];
    const run = await scored('run', [...lines.slice(0, 200), ...bad], '--stats', 'entropy,top1,bytes');
    const earlier = await scored('earlier', [...edited, ...lines.slice(260, 300)]);
    const short = await scored('short', lines.slice(0, 200), '--context-length', '16');
    const middle = await scored('middle', lines.slice(20, 220), '--context-length', '48');
    check(folder, run, '--compare', earlier, '--live', middle, '--keep-fraction', '0.3,0.6', '--dynamics', short, middle);
    check(folder, short, '--verify');
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

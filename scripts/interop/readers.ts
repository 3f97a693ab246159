/**
 * Opens shards in other readers: writes sets in every choice of columns, has pyarrow, DuckDB, polars, HF datasets and pandas compare every value, and
 * reads back what pyarrow, DuckDB and polars made of them.
 *
 * usage: npm run test:interop [-- --fixtures]
 * --fixtures also copies one shard and its rewritten forms to test/fixtures/store.
 * TOUCHSTONE_PYTHON names a Python that has the packages already; without it .venv/interop is created and filled.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { openShard } from '../../src/store/reader.js';
import { rowsOf, type Row } from '../../src/store/row-group.js';
import { interopSets, writeSet } from './shards.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PACKAGES = ['pyarrow', 'duckdb', 'polars', 'datasets', 'pandas'];
const REWRITTEN = ['pyarrow-dictionary-snappy', 'pyarrow-v2-nullable', 'duckdb', 'polars'];
const FIXTURE_SET = 'columns-15-exact';

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: 'inherit', env: { ...process.env, HF_HUB_OFFLINE: '1', HF_DATASETS_OFFLINE: '1' } });
}

function python(): string {
  const named = process.env['TOUCHSTONE_PYTHON'];
  if (named !== undefined && named !== '') return named;
  const venv = join(ROOT, '.venv/interop');
  const executable = join(venv, 'bin/python');
  if (!existsSync(executable)) run('python3', ['-m', 'venv', venv]);
  run(executable, ['-m', 'pip', 'install', '--quiet', '--retries', '0', '--disable-pip-version-check', ...PACKAGES]);
  return executable;
}

async function rowsOfFile(path: string, decoder: 'pages' | 'hyparquet'): Promise<Row[]> {
  const shard = await openShard(path);
  if (shard.decoder !== decoder) throw new Error(`${path} must be read by ${decoder}, it is read by ${shard.decoder}`);
  const rows: Row[] = [];
  for (const index of shard.rowGroups.keys()) rows.push(...rowsOf(await shard.readRowGroup(index)));
  await shard.close();
  return rows;
}

async function checkRewritten(folder: string): Promise<void> {
  const original = await rowsOfFile(join(folder, 'part-00000.parquet'), 'pages');
  for (const name of REWRITTEN) {
    const rewritten = await rowsOfFile(join(folder, `${name}.parquet`), 'hyparquet');
    if (!isDeepStrictEqual(rewritten, original)) throw new Error(`${folder}: what ${name} rewrote reads back different`);
  }
}

async function copyFixtures(folder: string): Promise<void> {
  const target = join(ROOT, 'test/fixtures/store');
  await mkdir(target, { recursive: true });
  await copyFile(join(folder, 'part-00000.parquet'), join(target, 'shard.parquet'));
  for (const name of REWRITTEN) await copyFile(join(folder, `${name}.parquet`), join(target, `${name}.parquet`));
}

const executable = python();
const folder = await mkdtemp(join(tmpdir(), 'touchstone-interop-'));
try {
  const sets = interopSets();
  for (const set of sets) await writeSet(join(folder, set.name), set);
  run(executable, [join(ROOT, 'scripts/interop/readers.py'), folder]);
  for (const { name } of sets) await checkRewritten(join(folder, name));
  console.log(`${sets.length} sets: what ${REWRITTEN.join(', ')} rewrote reads back equal`);
  if (process.argv.includes('--fixtures')) await copyFixtures(join(folder, FIXTURE_SET));
} finally {
  await rm(folder, { recursive: true });
}

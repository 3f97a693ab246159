import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, obstacle, startCluster, states, type Cluster } from './cluster.js';

/*
 * A run on a real Slurm of two nodes: 8 tasks, one node killed in the middle, the missing tasks submitted again, and then the run must have the bytes of one
 * that a single process scored. What is submitted is pipelines/slurm, as users have it. Needs root and Debian's slurm packages.
 *   npm run test:slurm
 */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TASKS = 8;

const because = obstacle();
if (because === undefined) process.exitCode = await proof();
else console.log(`test:slurm skipped: ${because}`);

async function proof(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-slurm-'));
  chmodSync(folder, 0o755);
  let cluster: Cluster | undefined;
  try {
    const pipeline = prepare(folder);
    const whole = join(folder, 'whole');
    run('touchstone', [join(folder, 'touchstone'), 'score', pipeline, '--out', whole, '--quiet']);
    cluster = await startCluster(join(folder, 'slurm'));
    say(`nodes ${[...states(cluster.environment)].map((entry) => entry.join(' ')).join(', ')}`);
    await night(folder, pipeline, cluster);
    compare(join(folder, 'run'), whole);
    say('the run has the bytes of one scored by a single process');
  } catch (error) {
    console.error(`test:slurm failed; logs are in ${folder}`);
    console.error(error);
    return 1;
  } finally {
    await cluster?.stop();
  }
  rmSync(folder, { recursive: true, force: true });
  return 0;
}

/**
 * A corpus of some 40 units, and the scripts adapted to small nodes as a user would; tasks of a lost node are not requeued, since Slurm would then finish the
 * run by itself after some minutes and nothing would be left to submit again. Returns the pipeline file.
 */
function prepare(folder: string): string {
  cpSync(join(ROOT, 'pipelines/slurm'), join(folder, 'pipelines'), { recursive: true });
  for (const name of ['score.sbatch', 'finalize.sbatch']) {
    const script = join(folder, 'pipelines', name);
    const text = readFileSync(script, 'utf8').replace('#SBATCH --requeue', '#SBATCH --no-requeue');
    writeFileSync(script, text.replace(/^#SBATCH --cpus-per-task=.*$/m, '#SBATCH --cpus-per-task=1').replace(/^#SBATCH --mem=.*$/m, '#SBATCH --mem=900M'));
  }
  writeFileSync(join(folder, 'touchstone'), `#!/bin/sh\nexec ${process.execPath} ${ROOT}dist/cli/main.js "$@"\n`, { mode: 0o755 });
  const lines = readFileSync(join(ROOT, 'pipelines/demo/corpus.jsonl'), 'utf8').split('\n').slice(0, 300);
  writeFileSync(join(folder, 'corpus.jsonl'), `${lines.join('\n')}\n`);
  const pipeline = join(folder, 'pipeline.yaml');
  writeFileSync(pipeline, `corpus: { paths: ${join(folder, 'corpus.jsonl')}, unitBytes: 4KiB }\nmodel: { path: ${ROOT}pipelines/demo/model }\nwindows: { contextLength: 128 }\noutput: { run: ${join(folder, 'run')} }\n`);
  return pipeline;
}

/** Submits, kills a node once some units are done on it, waits, submits what is missing, and waits for the end. */
async function night(folder: string, pipeline: string, cluster: Cluster): Promise<void> {
  const out = join(folder, 'run');
  const submit = (): string => {
    const environment = { ...cluster.environment, TOUCHSTONE: join(folder, 'touchstone') };
    return run('submit.sh', [join(folder, 'pipelines/submit.sh'), pipeline, out, String(TASKS)], { env: environment, cwd: folder }).trim();
  };
  say(submit().replaceAll('\n', '; '));
  await eventually('a few units to be done', 300, () => committed(out) >= 3);
  const victims = cluster.killNode('n1');
  const done = committed(out);
  say(`n1 killed with ${victims.length} processes, ${done} units done`);
  await eventually('the controller to notice', 120, () => states(cluster.environment).get('n1')?.startsWith('down') === true);
  await eventually('the queue to empty', 600, () => queue(cluster.environment).length === 0);
  if (existsSync(join(out, '_SUCCESS'))) throw new Error('the run was finished although a node was lost: nothing was tested');
  const missing = run('touchstone', [join(folder, 'touchstone'), 'retry-list', out, '--format', 'slurm', '--tasks', String(TASKS)]).trim();
  say(`${committed(out)} units done; retry-list prints ${missing}`);
  if (missing === '') throw new Error('nothing is missing although the run is not finished');
  await cluster.startNode('n1');
  say(submit().replaceAll('\n', '; '));
  await eventually('the queue to empty', 600, () => queue(cluster.environment).length === 0);
  if (!existsSync(join(out, '_SUCCESS'))) throw new Error(`the run is not finished; ${committed(out)} units are done`);
}

/** The ids of jobs that wait or run. A job whose dependency can never be met is gone by itself. */
function queue(environment: NodeJS.ProcessEnv): string[] {
  const { stdout } = spawnSync('squeue', ['--noheader', '--format=%i'], { env: environment, encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.trim() !== '');
}

function committed(run: string): number {
  const commits = join(run, 'commits');
  return existsSync(commits) ? readdirSync(commits).filter((name) => /^\d+\.json$/.test(name)).length : 0;
}

function compare(run: string, whole: string): void {
  const names = ['manifest.json', '_SUCCESS', ...readdirSync(join(whole, 'shards')).map((name) => `shards/${name}`)];
  const hash = (folder: string, name: string): string => createHash('sha256').update(readFileSync(join(folder, name))).digest('hex');
  const different = names.filter((name) => hash(run, name) !== hash(whole, name));
  if (different.length > 0) throw new Error(`${different.length} of ${names.length} files differ: ${different.slice(0, 5).join(', ')}`);
}

function run(what: string, command: readonly string[], options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {}): string {
  const [file = '', ...args] = command;
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', ...options });
  if (status !== 0) throw new Error(`${what} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

function say(text: string): void {
  console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);
}

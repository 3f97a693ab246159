import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DEMO_MODEL, demoDocuments, temporaryFolder } from '../scoring/demo-run.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const FAULTS = fileURLToPath(new URL('./worker-faults.mjs', import.meta.url));

interface Bench {
  readonly folder: string;
  readonly run: string;
  /** Scores the corpus; `fault` as worker-faults.mjs takes it. */
  readonly score: (fault?: string, ...flags: readonly string[]) => SpawnSyncReturns<string>;
}

/** Three compressed files, which are not cut: each a unit; the second holds a text that worker-faults.mjs looks for. */
function bench(): Bench {
  const folder = temporaryFolder();
  const documents = demoDocuments(3);
  for (const [at, name] of ['a', 'b', 'c'].entries()) {
    const lines = [documents[at]!, { id: name, text: name === 'b' ? 'This is POISON.' : 'This is none.' }];
    writeFileSync(join(folder, `${name}.jsonl.gz`), gzipSync(lines.map((line) => `${JSON.stringify(line)}\n`).join('')));
  }
  const run = join(folder, 'run');
  return {
    folder,
    run,
    score: (fault, ...flags) =>
      spawnSync(process.execPath, [MAIN, 'score', '--corpus', join(folder, '*.gz'), '--model', DEMO_MODEL, '--out', run, '--unit-bytes', '10', '--context-length', '64', '--threads', '1', ...flags], {
        encoding: 'utf8',
        timeout: 120_000,
        env: { ...process.env, ...(fault === undefined ? {} : { NODE_OPTIONS: `--import ${FAULTS}`, TOUCHSTONE_FAULT: fault }) },
      }),
  };
}

const commits = (run: string): string[] => readdirSync(join(run, 'commits')).filter((name) => !name.startsWith('.'));

describe('a worker that dies', () => {
  it('once, tokenizing, is replaced, and its unit is tried again in the same command', () => {
    const { folder, run, score } = bench();
    const { status, stderr } = score(`once:${join(folder, 'mark')}`);
    expect(stderr).toMatch(/note: unit 1, attempt 1 of 3 failed: the tokenizer failed on 2 texts: worker exited with code: 1; it is tried again/);
    expect(status).toBe(0);
    expect(existsSync(join(run, '_SUCCESS'))).toBe(true);
    expect(existsSync(join(run, 'failures/00001.json'))).toBe(false);
  });

  it('once, computing, is replaced with a session of its own', () => {
    const { folder, run, score } = bench();
    const { status, stderr } = score(`session-once:${join(folder, 'mark')}`);
    expect(stderr).toMatch(/attempt 1 of 3 failed: the reference model failed on a batch .*worker exited with code: 1/);
    expect(status).toBe(0);
    expect(commits(run)).toHaveLength(3);
  });

  it.each([['always', 'worker exited with code: 1'], ['memory', 'out of memory']])('every time (%s) costs its unit: the others go on, a record says why, and a later command succeeds', (fault, why) => {
    const { run, score } = bench();
    const failed = score(fault, '--unit-attempts', '2');
    expect(failed.status).toBe(75);
    expect(failed.stderr).toContain('1 unit failed 2 times; the others are done\n  unit 1: ');
    expect(commits(run)).toEqual(['00000.json', '00002.json']);
    expect(existsSync(join(run, 'manifest.json'))).toBe(false);
    const record = JSON.parse(readFileSync(join(run, 'failures/00001.json'), 'utf8')) as { unit: number; attempts: number; message: string; kind: string };
    expect(record).toMatchObject({ unit: 1, attempts: 2, kind: 'retryable' });
    expect(record.message).toContain(why);
    const mended = score();
    expect(mended.status).toBe(0);
    expect(readdirSync(join(run, 'failures'))).toEqual([]);
    expect(existsSync(join(run, '_SUCCESS'))).toBe(true);
  });
});

describe('a worker that hangs', () => {
  it('ends the command after the time limit with exit code 75 and says what it waited for', () => {
    const { run, score } = bench();
    const { status, stderr } = score('session-hang', '--batch-timeout', '1');
    expect(stderr).toContain('a session of the reference model has not answered for 1 s and is given up as hung');
    expect(stderr).toContain('raise runtime.batchTimeout');
    expect(status).toBe(75);
    expect(readdirSync(join(run, 'failures'))).toHaveLength(1);
    expect(score().status).toBe(0);
  });
});

describe('the run folder', () => {
  it('is looked at before anything is hashed: a file in its place is a usage error', () => {
    const { folder, score } = bench();
    const { status, stderr } = score(undefined, '--out', join(folder, 'a.jsonl.gz', 'run'));
    expect(status).toBe(64);
    expect(stderr).toMatch(/output\.run must be a folder.*a\.jsonl\.gz is a file/);
  });
});

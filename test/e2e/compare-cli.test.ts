import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { beforeTraining, metricsLine } from '../../src/training/metrics/step-metrics.js';
import { temporaryFolder } from '../scoring/demo-run.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

function touchstone(args: readonly string[], cwd: string): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', cwd });
}

/** A folder with the logs of two runs, called all and excess. */
function twoRuns(): string {
  const folder = temporaryFolder();
  for (const [name, kept, losses] of [['all', 100, [8, 6, 5]], ['excess', 50, [8, 5, 4]]] as const) {
    mkdirSync(join(folder, name));
    const lines = losses.map((loss, at) => metricsLine({ ...beforeTraining([{ name: 'test', loss }]), step: 10 * at, consumedTokens: 1000 * at, trainedTokens: 10 * kept * at }));
    writeFileSync(join(folder, name, 'metrics.jsonl'), `${lines.join('\n')}\n`);
  }
  return folder;
}

describe('touchstone compare', () => {
  it('prints the table of finished runs, and writes it beside a page of curves', () => {
    const folder = twoRuns();
    const { status, stdout, stderr } = touchstone(['compare', 'all', 'excess', '--out', 'out'], folder);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/\| excess +\| 1,000 +\| 4\.0000 +\| -1\.0000 +\| 4\.0000 +\| 10 +\|/);
    expect(stdout.trimEnd().split('\n').slice(-2)).toEqual(['out/compare.md', 'out/compare.html']);
    expect(stdout).toContain(readFileSync(join(folder, 'out/compare.md'), 'utf8'));
    expect(readFileSync(join(folder, 'out/compare.html'), 'utf8')).toContain('</html>');
  });

  it('writes nothing without --out, and prints the table alone', () => {
    const folder = twoRuns();
    const { status, stdout } = touchstone(['compare', 'all', 'excess'], folder);
    expect([status, stdout.includes('| excess '), stdout.includes('.html'), readdirSync(folder).sort()]).toEqual([0, true, false, ['all', 'excess']]);
  });

  it('prints one JSON object with --json, and nothing with --quiet', () => {
    const folder = twoRuns();
    const json = touchstone(['compare', 'all', 'excess', '--out', 'out', '--json'], folder);
    expect(json.stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(json.stdout)).toMatchObject({ baseline: 'all', steps: 20, sets: [{ name: 'test', selections: [{ selection: 'all' }, { selection: 'excess', stepsToBaseline: { seedsReached: 1 } }] }] });
    const quiet = touchstone(['compare', 'all', 'excess', '--out', 'out', '--quiet'], folder);
    expect([quiet.status, quiet.stdout, quiet.stderr]).toEqual([0, '', '']);
  });

  it('needs two runs, and names a folder that is none', () => {
    const folder = twoRuns();
    expect(touchstone(['compare', 'all', '--out', 'out'], folder)).toMatchObject({ status: 64 });
    const missing = touchstone(['compare', 'all', 'exces', '--out', 'out'], folder);
    expect(missing.status).toBe(74);
    expect(missing.stderr).toContain('exces/metrics.jsonl');
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });
});

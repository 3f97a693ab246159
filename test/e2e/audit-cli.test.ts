import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { readFileSync, readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { documentOf, drawnDocuments, writeRun } from '../audit/audited-runs.js';
import { temporaryFolder } from '../scoring/demo-run.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

function audit(...args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [MAIN, 'audit', ...args], { encoding: 'utf8' });
}

describe('touchstone audit', () => {
  it('prints a screenful for people, one JSON object with --json, and nothing with --quiet', async () => {
    const run = await writeRun({ units: [drawnDocuments('cli', 40)] });
    const people = audit(run);
    expect(people.status).toBe(0);
    expect(people.stdout).toMatch(/^state {6}complete, 1 unit\ndocuments {2}40 read = 40 scored \+ 0 quarantined \+ 0 skipped\n/);
    const json = audit(run, '--json');
    expect(json.stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(json.stdout)).toMatchObject({ formatVersion: 1, identity: { run }, completeness: { state: 'complete' }, drift: null });
    const quiet = audit(run, '--quiet');
    expect([quiet.status, quiet.stdout, quiet.stderr]).toEqual([0, '', '']);
  });

  it('says where the report is, and a line or two of what --live and --dynamics found', async () => {
    const documents = drawnDocuments('asked', 40);
    const live = await writeRun({ units: [documents.slice(1).map((document) => ({ ...document, refLoss: document.refLoss.map((loss) => loss + 1) }))] });
    const page = join(temporaryFolder(), 'report.html');
    const { stdout, status } = audit(await writeRun({ units: [documents] }), '--live', live, '--dynamics', live, '--keep-fraction', '0.5', '--out', page);
    expect(status).toBe(0);
    expect(stdout).toMatch(/\nexcess {5}mean 1\.0000 nats, above 0 for 100\.0 % of \d+ tokens, against \S+; 1 document without a match\nkeep 0\.5 {3}mean excess of the kept 1\.\d{4} nats, of the dropped \d\.\d{4}\n/);
    expect(stdout).toMatch(/\ndynamics {3}H->H \d.*, L->H .*, H->L 100\.0 %.*L->L .*; of \d+ tokens at 2 checkpoints; 1 document without a match\n/);
    expect(stdout.endsWith(`\nreport     ${page}\n`)).toBe(true);
  });

  it('writes audit.json and the report with the same bytes again, and leaves no temporary file', async () => {
    const run = await writeRun({ units: [drawnDocuments('again', 40)] });
    const folder = temporaryFolder();
    const [json, page] = [join(folder, 'audit.json'), join(folder, 'report.html')];
    const written = (): string[] => {
      expect(audit(run, '--json', json, '--out', page, '--quiet').status).toBe(0);
      return [readFileSync(json, 'utf8'), readFileSync(page, 'utf8')];
    };
    expect(written()).toEqual(written());
    expect(readdirSync(folder).sort()).toEqual(['audit.json', 'report.html']);
  });

  it('exits with 65 where a condition comes true, with every one that did, after it has written what was asked for', async () => {
    const run = await writeRun({ units: [[documentOf({ id: 'a', losses: [1, 2, 3, NaN] })]], nonfinite: 1, leftOut: [{ kind: 'quarantined', origin: { file: 'a', position: 0, positionKind: 'byte' }, reason: 'malformed-json', detail: 'no' }] });
    const json = join(temporaryFolder(), 'audit.json');
    const failed = audit(run, '--fail-on', 'nonfinite>0, quarantined>60%, quarantined>40%, meanLoss>5', '--json', json, '--quiet');
    expect(failed.status).toBe(65);
    expect(failed.stderr).toContain('2 of 6 conditions of --fail-on came true:\n  nonfinite>0: it is 1\n  quarantined>40%: it is 50 %');
    expect((JSON.parse(readFileSync(json, 'utf8')) as { checks: { failed: boolean }[] }).checks.map((check) => check.failed)).toEqual([true, false, true, false, false, false]);
    expect(audit(run, '--fail-on', 'nonfinite>1', '--quiet').status).toBe(0);
  });

  it('exits with 65 for a run that is damaged or not finished whenever a condition is given, unless a condition says what may be', async () => {
    const unfinished = await writeRun({ units: [drawnDocuments('half', 40), null] });
    const failed = audit(unfinished, '--fail-on', 'nonfinite>0', '--quiet');
    expect([failed.status, failed.stderr]).toEqual([65, 'touchstone: 1 of 3 conditions of --fail-on came true:\n  unfinished>0: it is 1\n']);
    expect(audit(unfinished, '--quiet').status).toBe(0);
    expect(audit(unfinished, '--fail-on', 'nonfinite>0, unfinished>50%', '--quiet').status).toBe(0);
    expect(audit(await writeRun({ units: [drawnDocuments('half', 40)], unfinished: true }), '--fail-on', 'nonfinite>0', '--quiet').status).toBe(65);

    const damaged = await writeRun({ units: [drawnDocuments('damaged', 40)] });
    truncateSync(join(damaged, 'shards/part-00000.parquet'), 1000);
    const broken = audit(damaged, '--fail-on', 'nonfinite>0, quarantined>0.1%', '--quiet');
    expect([broken.status, broken.stderr]).toEqual([65, expect.stringContaining('\n  damaged>0: it is ') as string]);
    expect(audit(damaged, '--fail-on', 'nonfinite>0, damaged>100, unfinished>100%', '--quiet').status).toBe(0);
  });

  it('exits with 64 for what it does not know, before it reads anything', async () => {
    const run = await writeRun({ units: [[documentOf({ id: 'a', losses: [1] })]] });
    const said = (...args: string[]): [number | null, string] => {
      const { status, stderr } = audit(run, ...args);
      return [status, stderr];
    };
    expect(said('--fail-on', 'nonfinit>0')).toEqual([64, expect.stringContaining('did you mean nonfinite?')]);
    expect(said('--fail-on', 'psi>0.25')).toEqual([64, expect.stringContaining('which needs --compare')]);
    expect(said('--keep-fraction', '0.5')).toEqual([64, expect.stringContaining('--live')]);
    expect(said('--live', run, '--keep-fraction', '1.5')).toEqual([64, expect.stringContaining('shares above 0 and at most 1')]);
    expect(said('--out', 'both.html', '--json', './both.html')).toEqual([64, expect.stringContaining('--out and --json must name two files, both name both.html')]);
    expect(said('--limits', 'psi=0.3:0.1')).toEqual([64, expect.stringContaining('watch and a larger or equal alarm')]);
    const nowhere = audit(join(run, 'nowhere'));
    expect([nowhere.status, nowhere.stderr]).toEqual([64, expect.stringContaining('does not exist, expected a run folder')]);
  });
});

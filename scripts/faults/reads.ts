import { cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import { verifyRun } from '../../src/verify/verify-run.js';
import { injecting, type Suite } from './family.js';
import { expectEnd, touchstone, type Ended } from './touchstone.js';

const SHARD = 'shards/part-00001.parquet';
const COMMIT = 'commits/00001.json';

/** Records that a command on a finished run reads whole, by read(2); the rest is read at places, by pread(2). */
const RECORDS = ['plan.json', COMMIT, 'manifest.json', '_SUCCESS'];

/** EIO on reads, one after the other: a command recovers, or ends with 74 or 75 and names the file; without the fault it does its work. */
export async function reads(suite: Suite): Promise<void> {
  const { bench, long, random } = suite;
  for (const when of long ? span(1, 8) : [`${1 + random.below(3)}`, `${4 + random.below(4)}`]) await scored(suite, 'the corpus', () => bench.corpus, when);
  // The first three read the file as a whole: the fourth is of a unit.
  for (const when of long ? ['1+', '4+', '6+'] : ['4+']) await scored(suite, 'the corpus, for good', () => bench.corpus, when, [75]);
  for (const when of long ? span(1, 28) : [`${1 + random.below(22)}`]) await scored(suite, 'a shard', (run) => join(run, SHARD), when);
  for (const when of long ? span(1, 28) : [`${1 + random.below(10)}`]) await reused(suite, when);
  for (const name of long ? RECORDS : [random.pick(RECORDS)]) for (const when of long ? span(1, 3) : ['1']) await resumed(suite, name, when);
  for (const when of long ? span(1, 14) : [`${1 + random.below(5)}`]) await verified(suite, 'pread64', SHARD, when);
  if (long) for (const name of RECORDS) await verified(suite, 'read', name, '1');
}

const span = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, at) => String(from + at));

/** A new run: each fault is in one file. */
async function scored({ bench, tally }: Suite, what: string, pathIn: (run: string) => string, when: string, codes: readonly number[] = [0, 74, 75]): Promise<void> {
  await tally.trial(`EIO on a read of ${what}`, async () => {
    const run = bench.newRun();
    expectNamed(await bench.score(run, injecting('pread64', `error=EIO:when=${when}`, pathIn(run))), codes, pathIn(run));
    expectEnd(await bench.score(run), 0);
    return await bench.inspect(run);
  });
}

/** A shard of an earlier run whose losses are copied. */
async function reused({ bench, tally }: Suite, when: string): Promise<void> {
  await tally.trial('EIO on a read of a shard that is reused', async () => {
    const run = bench.newRun();
    const path = join(bench.whole, SHARD);
    expectNamed(await bench.score(run, injecting('pread64', `error=EIO:when=${when}`, path), '--reuse', bench.whole), [0, 74, 75], path);
    expectEnd(await bench.score(run), 0);
    return await bench.inspect(run);
  });
}

/** A finished run that is looked at again. */
async function resumed({ bench, tally }: Suite, name: string, when: string): Promise<void> {
  await tally.trial('EIO on a read of a record', async () => {
    const run = bench.newRun();
    cpSync(bench.whole, run, { recursive: true });
    expectNamed(await bench.score(run, injecting('read', `error=EIO:when=${when}`, join(run, name))), [0, 74, 75], name);
    expectEnd(await bench.score(run), 0);
    return await bench.inspect(run);
  });
}

/** What cannot be read is told, and is not taken for damage that must be removed. */
async function verified({ bench, tally }: Suite, call: string, name: string, when: string): Promise<void> {
  await tally.trial('EIO on a read by verify', async () => {
    const run = bench.newRun();
    cpSync(bench.whole, run, { recursive: true });
    const ended = await touchstone(['verify', run], injecting(call, `error=EIO:when=${when}`, join(run, name)));
    expectNamed(ended, [0, 74, 75], name);
    if (ended.code !== 0) expectEnd(ended, ended.code!, /\n {2}Check the device/);
    if ((await verifyRun(run, null)).problems.length > 0) throw new Error(`verify left ${name} damaged`);
    return await bench.inspect(run);
  });
}

function expectNamed(ended: Ended, codes: readonly number[], path: string): void {
  if (!codes.includes(ended.code ?? -1)) throw new Error(`exit code ${codes.join(' or ')} was expected, it was ${ended.code ?? ended.signal}: ${ended.stderr.slice(0, 600)}`);
  if (ended.code !== 0 && !(ended.stderr.includes(basename(path)) && /EIO/.test(ended.stdout + ended.stderr))) throw new Error(`the message does not name ${path} and EIO: ${ended.stderr.slice(0, 600)}`);
}

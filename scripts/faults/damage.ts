import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../src/math/random.js';
import { verifyRun } from '../../src/verify/verify-run.js';
import type { Bench, Found } from './bench.js';
import type { Suite } from './family.js';
import { expectEnd, touchstone } from './touchstone.js';

/** Files of a run, one of each kind; all of them are checked by `touchstone verify`. */
const KINDS = ['plan.json', 'manifest.json', '_SUCCESS', 'shards/part-00001.parquet', 'commits/00001.json', /^quarantine\//] as const;

/** What a disk does to a file. */
const DAMAGES: Readonly<Record<string, (bytes: Buffer, random: Random) => Buffer>> = {
  'bit-flipped': flipOne,
  truncated: (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  'zero-filled': (bytes) => Buffer.alloc(bytes.length),
  torn: (bytes, random) => Buffer.concat([bytes.subarray(0, bytes.length >> 1), randomBytes(bytes.length - (bytes.length >> 1), random)]),
};

/** Bytes that are not what was written: found by `touchstone verify`, and mended by `score`, if need be after its advice was followed. */
export async function damage(suite: Suite): Promise<void> {
  await flipBits(suite);
  let at = 0;
  for (const kind of KINDS) {
    const names = suite.long ? Object.keys(DAMAGES) : [Object.keys(DAMAGES)[at++ % 4]!];
    for (const name of names) await suite.tally.trial(`${name} file`, () => damageAndMend(suite, kind, name));
  }
}

/** Random bits of random files, one at a time. */
async function flipBits({ bench, tally, random, long }: Suite): Promise<void> {
  const run = bench.newRun();
  cpSync(bench.whole, run, { recursive: true });
  const names = filesOf(run);
  for (let flip = 0; flip < (long ? 1000 : 200); flip++) {
    await tally.trial('one flipped bit, found by verify', async () => {
      const name = random.pick(names);
      const path = join(run, name);
      const whole = readFileSync(path);
      writeFileSync(path, flipOne(whole, random));
      const { problems } = await verifyRun(run, null);
      writeFileSync(path, whole);
      if (!problems.some(({ file }) => file === name)) throw new Error(`a flipped bit of ${name} was not found`);
      return {};
    });
  }
  await tally.trial('one flipped bit, found by verify', async () => ({ tried: 0, ...(await expectWhole(run)) }));
}

async function expectWhole(run: string): Promise<Record<string, never>> {
  const { problems } = await verifyRun(run, null);
  if (problems.length > 0) throw new Error(`verify finds damage where there is none: ${problems[0]!.message}`);
  return {};
}

async function damageAndMend({ bench, random }: Suite, kind: string | RegExp, damageName: string): Promise<Found> {
  const run = bench.newRun();
  cpSync(bench.whole, run, { recursive: true });
  const name = filesOf(run).find((file) => (typeof kind === 'string' ? file === kind : kind.test(file)))!;
  const path = join(run, name);
  writeFileSync(path, DAMAGES[damageName]!(readFileSync(path), random));
  const found = await touchstone(['verify', run]);
  expectEnd(found, 74, /is damaged: \d+ problem/);
  if (!found.stdout.includes(name)) throw new Error(`verify does not name ${name}: ${found.stdout}`);
  return await mend(bench, run, name);
}

/** Scores again. A refusal must name the file; after one, or where only the size of a file is looked at, removing the file must do. */
async function mend(bench: Bench, run: string, name: string): Promise<Found> {
  const again = await bench.score(run);
  if (again.code !== 0 && !again.stderr.includes(name)) throw new Error(`the refusal does not name ${name}: ${again.code ?? again.signal}: ${again.stderr}`);
  if ((await verifyRun(run, null)).problems.length > 0) {
    rmSync(join(run, name));
    expectEnd(await bench.score(run), 0);
  }
  expectEnd(await touchstone(['verify', run]), 0);
  return await bench.inspect(run);
}

function filesOf(run: string): string[] {
  return readdirSync(run, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(run, name)).isFile()).sort();
}

function flipOne(bytes: Buffer, random: Random): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[random.below(bytes.length)]! ^= 1 << random.below(8);
  return flipped;
}

function randomBytes(count: number, random: Random): Buffer {
  return Buffer.from(Uint8Array.from({ length: count }, () => random.below(256)));
}

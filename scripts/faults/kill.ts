import { cpSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { injecting, straceWorks, type Suite } from './family.js';
import { expectEnd, wasKilled } from './touchstone.js';

const CALLS = ['write', 'fsync', 'link', 'unlink'];
const MOST_CALLS = 1000;

/** SIGKILL: at random times, and at system calls that change what is on the disk. */
export async function kill(suite: Suite): Promise<void> {
  await killAtRandomTimes(suite);
  if (!straceWorks()) {
    suite.tally.skip('SIGKILL at the Nth system call', 'strace is not there, or may not trace');
    return;
  }
  for (const call of CALLS) await (suite.long ? sweep(suite, call) : killSome(suite, call));
  for (const finished of [false, true]) await killAtRenames(suite, finished);
}

/** A run renames only where it moves files aside, damaged ones and _SUCCESS of a finished run: each kill is over a damaged run of its own, until one is mended without. */
async function killAtRenames({ bench, tally, long }: Suite, finished: boolean): Promise<void> {
  for (let nth = 1; nth <= MOST_CALLS; nth++) {
    const run = bench.newRun();
    cpSync(bench.whole, run, { recursive: true });
    truncateSync(join(run, 'commits/00000.json'), 10);
    truncateSync(join(run, 'shards/part-00001.parquet'), 10);
    if (!finished) writeFileSync(join(run, 'manifest.json'), '{}');
    const ended = await bench.score(run, injecting('rename', `signal=KILL:when=${nth}`));
    const killed = wasKilled(ended);
    await tally.trial(`SIGKILL at the Nth rename, while ${finished ? 'a finished run is opened again' : 'damaged files are moved aside'}`, async () => {
      expectEnd(killed ? await bench.score(run) : ended, 0);
      return { tried: killed ? 1 : 0, ...(await bench.inspect(run)), ...(killed ? {} : { note: `completes at N = ${nth}` }) };
    });
    if (!killed || (!long && nth === 2)) return;
  }
}

/** Kills the process group of the same command again and again; a run that gets finished between two kills is judged, and another begun. */
async function killAtRandomTimes({ bench, tally, random, long }: Suite): Promise<void> {
  let left = long ? 200 : 10;
  while (left > 0) {
    await tally.trial('SIGKILL of the process group at a random time', async () => {
      const run = bench.newRun();
      let tried = 0;
      for (; left > 0; left--) {
        const ended = await bench.score(run, { killAfterMs: bench.wallMs * (0.1 + 0.9 * random.float()) });
        if (!wasKilled(ended)) {
          expectEnd(ended, 0);
          break;
        }
        tried++;
      }
      expectEnd(await bench.score(run), 0);
      return { tried, ...(await bench.inspect(run)) };
    });
  }
}

/** A few kills over one run, which is then finished. */
async function killSome({ bench, tally, random }: Suite, call: string): Promise<void> {
  await tally.trial(`SIGKILL at the Nth ${call}`, async () => {
    const run = bench.newRun();
    let tried = 0;
    for (const nth of [1, 2 + random.below(3)]) {
      const ended = await bench.score(run, injecting(call, `signal=KILL:when=${nth}`));
      if (wasKilled(ended)) tried++;
      else expectEnd(ended, 0);
    }
    expectEnd(await bench.score(run), 0);
    return { tried, ...(await bench.inspect(run)) };
  });
}

/** A run of its own for the first call, the second, and so on, until one completes. */
async function sweep({ bench, tally }: Suite, call: string): Promise<void> {
  for (let nth = 1; nth <= MOST_CALLS; nth++) {
    const run = bench.newRun();
    const ended = await bench.score(run, injecting(call, `signal=KILL:when=${nth}`));
    const killed = wasKilled(ended);
    await tally.trial(`SIGKILL at the Nth ${call}`, async () => {
      expectEnd(killed ? await bench.score(run) : ended, 0);
      return { tried: killed ? 1 : 0, ...(await bench.inspect(run)), ...(killed ? {} : { note: `completes at N = ${nth}` }) };
    });
    if (!killed) return;
  }
}

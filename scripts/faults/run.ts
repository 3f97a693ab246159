import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { createRandom } from '../../src/math/random.js';
import { makeBench } from './bench.js';
import { clock } from './clock.js';
import { damage } from './damage.js';
import { disk } from './disk.js';
import type { Family } from './family.js';
import { input } from './input.js';
import { kill } from './kill.js';
import { scale } from './scale.js';
import { Tally } from './tally.js';
import { together } from './together.js';

/*
 * Injects faults into runs of the built command and judges exit codes, messages, bytes and rows. Ends with a table, and with exit code 1 where anything is not
 * as it must be. Where a tool is missing (strace, the right to mount), its faults are left out and named.
 *   npm run test:faults
 *   npm run test:faults -- --long --only kill --seed a
 */
const FAMILIES: Readonly<Record<string, Family>> = { kill, damage, disk, together, input, clock, scale };

const COVERED = `Workers that die, run out of memory or hang: test/e2e/worker-faults.test.ts, part of npm test. Power cuts and file systems without links: test/run/file-system-faults.test.ts, test/e2e/no-links.test.ts.`;

const { values } = parseArgs({ options: { long: { type: 'boolean', default: false }, only: { type: 'string', multiple: true }, seed: { type: 'string' } } });
const unknown = values.only?.find((name) => !(name in FAMILIES));
if (unknown === undefined) process.exitCode = await injectAll(values.only ?? Object.keys(FAMILIES), values.long, values.seed ?? randomBytes(4).toString('hex'));
else {
  console.error(`--only must be one of ${Object.keys(FAMILIES).join(', ')}, got ${JSON.stringify(unknown)}`);
  process.exitCode = 64;
}

async function injectAll(names: readonly string[], long: boolean, seed: string): Promise<number> {
  const tally = new Tally();
  const began = performance.now();
  const bench = await makeBench();
  console.error(`an uninterrupted run takes ${bench.wallMs.toFixed(0)} ms; --seed ${seed}`);
  const stop = (signal: NodeJS.Signals): void => {
    console.log(`${tally.toString()}\n\nStopped by ${signal} after ${((performance.now() - began) / 1000).toFixed(0)} s: the table is not whole; --seed ${seed}`);
    bench.remove();
    process.exit(1);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  try {
    for (const name of names) {
      const start = performance.now();
      await FAMILIES[name]!({ bench, tally, long, random: createRandom(`faults/${name}/${seed}`) });
      console.error(`${name}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
    }
  } finally {
    bench.remove();
  }
  console.log(`${tally.toString()}\n\n${COVERED}\n${((performance.now() - began) / 1000).toFixed(0)} s, --seed ${seed}`);
  return tally.allSurvived ? 0 : 1;
}

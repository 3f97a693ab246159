import { writeLargeRun } from '../../test/run/large-run.js';
import type { Suite } from './family.js';
import { expectEnd, touchstone } from './touchstone.js';

const UNITS = 10_000;

/** A run of many units, some of them missing. */
export async function scale({ bench, tally }: Suite): Promise<void> {
  await tally.trial('status of 10,000 units in a second of processor time', async () => {
    const run = bench.newRun();
    writeLargeRun(run, UNITS, 10);
    const ended = await touchstone(['status', run, '--json'], { under: ['bash', '-c', 'TIMEFORMAT="processor %U %S"; time "$@"', '-'] });
    expectEnd(ended, 0);
    const [user = NaN, system = NaN] = /^processor ([\d.]+) ([\d.]+)$/m.exec(ended.stderr)?.slice(1).map(Number) ?? [];
    if (!(user + system < 1)) throw new Error(`status took ${user + system} s of processor time`);
    const { units } = JSON.parse(ended.stdout) as { units: { done: number; missing: number } };
    if (units.done !== 0.9 * UNITS || units.missing !== 0.1 * UNITS) throw new Error(`status counts ${units.done} units done and ${units.missing} missing`);
    return { note: `${(user + system).toFixed(2)} s, ${(ended.wallMs / 1000).toFixed(2)} s of wall time` };
  });
}

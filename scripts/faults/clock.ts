import { works, type Suite } from './family.js';
import { expectEnd } from './touchstone.js';

/** A run begun today and taken up by a machine whose clock is ten days off, either way. */
export async function clock({ bench, tally }: Suite): Promise<void> {
  if (!works('faketime', '-f', '+10d', 'true')) {
    tally.skip('clock moved by ten days', 'faketime is not there');
    return;
  }
  for (const shift of ['+10d', '-10d']) {
    await tally.trial('clock moved by ten days', async () => {
      const run = bench.newRun();
      await bench.score(run, { killAfterMs: 0.8 * bench.wallMs });
      expectEnd(await bench.score(run, { under: ['faketime', '-f', shift] }), 0);
      return await bench.inspect(run);
    });
  }
}

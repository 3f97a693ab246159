import type { Suite } from './family.js';
import { expectEnd } from './touchstone.js';

/** Two processes that score the same run at once. */
export async function together({ bench, tally, long }: Suite): Promise<void> {
  for (let time = 0; time < (long ? 50 : 3); time++) {
    await tally.trial('two processes started together', async () => {
      const run = bench.newRun();
      for (const ended of await Promise.all([bench.score(run), bench.score(run)])) expectEnd(ended, 0);
      return await bench.inspect(run);
    });
  }
}

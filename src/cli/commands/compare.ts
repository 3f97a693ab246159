import { resolveCompareSettings } from '../../config/compare-settings.js';
import { resolveTrainOptions } from '../../config/train-settings.js';
import { compare, prepareComparison } from '../../training/compare.js';
import { writtenOptions } from '../../training/written-options.js';
import { listenForInterrupt } from '../interrupt.js';
import { writeComparisonText } from '../comparison-text.js';
import { trainDisplay } from '../train-display.js';
import type { TrainInvocation } from './train.js';

/** `touchstone train --compare`: several training runs, one after the other, and one table. */
export async function runCompare({ pipelinePath, set, flags, resume, dryRun, json, quiet }: TrainInvocation): Promise<void> {
  const settings = resolveCompareSettings(flags, set);
  const options = { ...settings, train: resolveTrainOptions({ pipelinePath, set, flags, cwd: process.cwd() }) };
  const interrupt = listenForInterrupt();
  let display = trainDisplay({ quiet });
  try {
    if (dryRun) {
      await prepareComparison(options, { signal: interrupt.signal, planOnly: true });
      process.stdout.write(`${JSON.stringify({ ...settings, train: writtenOptions(options.train) }, null, 2)}\n`);
      return;
    }
    const written = await compare(options, {
      signal: interrupt.signal,
      resume,
      onEvent(event) {
        if (event.kind === 'training') {
          display.onEvent(event.event);
          return;
        }
        display.end();
        const { selection, seed, number, of, finished } = event;
        if (!quiet) process.stderr.write(`run ${number}/${of}  ${selection}, seed ${seed}${finished ? ': finished earlier' : ''}\n`);
        display = trainDisplay({ quiet });
      },
    });
    display.end();
    writeComparisonText(written, { json, quiet });
  } finally {
    display.end();
    interrupt.dispose();
  }
}

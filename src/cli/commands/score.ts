import { TouchstoneError } from '../../errors.js';
import { resolveScoreOptions } from '../../config/parse-score-options.js';
import { prepareScore } from '../../scoring/prepare.js';
import { score } from '../../scoring/score.js';
import { summarize } from '../../scoring/summary.js';
import { listenForInterrupt } from '../interrupt.js';
import { scoreDisplay } from '../score-display.js';
import { summaryText } from '../score-summary.js';
import { shortPath } from '../short-path.js';

export interface ScoreInvocation {
  readonly pipelinePath: string | undefined;
  readonly set: readonly string[];
  readonly flags: Readonly<Record<string, unknown>>;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
}

export async function runScore({ pipelinePath, set, flags, dryRun, json, quiet }: ScoreInvocation): Promise<void> {
  const options = resolveScoreOptions({ pipelinePath, set, flags, cwd: process.cwd() });
  const interrupt = listenForInterrupt();
  const display = scoreDisplay({ quiet });
  try {
    if (dryRun) {
      const { plan, notes } = await prepareScore(options, { signal: interrupt.signal });
      for (const text of notes) display.onEvent({ kind: 'note', text });
      process.stdout.write(`${JSON.stringify(plan, null, 2)}\n`);
      return;
    }
    const result = await score(options, { signal: interrupt.signal, onEvent: display.onEvent });
    const summary = await summarize(options.output.run, result.commits, (ids) => result.prepared.tokenizer.decode(ids));
    display.end();
    const { wallSeconds, unitsScored, change } = result;
    if (json) process.stdout.write(`${JSON.stringify({ ...summary, change, unitsScored, wallSeconds })}\n`);
    else if (!quiet) process.stdout.write(summaryText({ ...summary, run: shortPath(summary.run) }, result));
    const { read, scored } = summary.documents;
    if (read > 0 && scored === 0) {
      throw new TouchstoneError('data', `none of the ${read} documents read could be scored, expected at least one`, { advice: `Why each was left out: ${shortPath(summary.run)}/quarantine` });
    }
  } finally {
    display.end();
    interrupt.dispose();
  }
}

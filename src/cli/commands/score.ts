import { resolvePlanOptions, resolveScoreOptions } from '../../config/parse-score-options.js';
import type { PlanOptions, ScoreOptions } from '../../scoring/options.js';
import { refuseWithoutLosses } from '../../scoring/refuse-without-losses.js';
import { score, scoreTask, type ScoreResult, type TaskResult } from '../../scoring/score.js';
import { summarize } from '../../scoring/summary.js';
import { checkThresholds } from '../../scoring/thresholds.js';
import { listenForInterrupt } from '../interrupt.js';
import { preparePlan } from '../prepare-plan.js';
import { scoreDisplay, type ScoreDisplay } from '../score-display.js';
import { summaryText, taskText } from '../score-summary.js';
import { shortPath } from '../short-path.js';
import { chooseTask } from '../task-choice.js';

export interface ScoreInvocation {
  readonly pipelinePath: string | undefined;
  readonly set: readonly string[];
  readonly flags: Readonly<Record<string, unknown>>;
  /** The value of --task. */
  readonly task: string | undefined;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
}

export async function runScore(invocation: ScoreInvocation): Promise<void> {
  const { pipelinePath, set, flags } = invocation;
  const input = { pipelinePath, set, flags, cwd: process.cwd() };
  if (invocation.dryRun) {
    await printPlan(resolvePlanOptions(input), invocation);
    return;
  }
  const options = resolveScoreOptions(input);
  const task = invocation.task === undefined ? undefined : chooseTask(invocation.task, process.env);
  const interrupt = listenForInterrupt();
  const display = scoreDisplay(invocation);
  const hooks = { signal: interrupt.signal, onEvent: display.onEvent };
  try {
    const result = task === undefined ? await score(options, hooks) : await scoreTask(options, task, hooks);
    if (isComplete(result)) await showComplete(result, options, invocation, display);
    else showTask(result, options, invocation, display);
  } catch (error) {
    display.end();
    if (interrupt.signal.aborted) display.stopped();
    throw error;
  } finally {
    display.end();
    interrupt.dispose();
  }
}

async function printPlan(options: PlanOptions, invocation: ScoreInvocation): Promise<void> {
  const interrupt = listenForInterrupt('Run the same command again.');
  try {
    process.stdout.write(`${JSON.stringify(await preparePlan(options, scoreDisplay(invocation), interrupt.signal), null, 2)}\n`);
  } finally {
    interrupt.dispose();
  }
}

const isComplete = (result: TaskResult): result is ScoreResult => result.manifest !== null;

async function showComplete(result: ScoreResult, options: ScoreOptions, { json, quiet }: ScoreInvocation, display: ScoreDisplay): Promise<void> {
  const { run } = options.output;
  const summary = await summarize(run, result.commits, (ids) => result.prepared.tokenizer.decode(ids));
  display.end();
  const { wallSeconds, unitsScored, change } = result;
  if (json) process.stdout.write(`${JSON.stringify({ complete: true, ...summary, change, unitsScored, wallSeconds })}\n`);
  else if (!quiet) process.stdout.write(summaryText({ ...summary, run: shortPath(run) }, result));
  // A task without units has nothing to answer for.
  if (result.slice.end > result.slice.start) refuseWithoutLosses(shortPath(run), result.manifest);
  await checkThresholds(run, result.manifest, options.thresholds);
}

function showTask(result: TaskResult, options: ScoreOptions, { json, quiet }: ScoreInvocation, display: ScoreDisplay): void {
  display.end();
  const { slice, missing, unitsScored, wallSeconds } = result;
  const { run } = options.output;
  if (json) process.stdout.write(`${JSON.stringify({ complete: false, run, slice, unitsScored, unitsMissing: missing.length, wallSeconds })}\n`);
  else if (!quiet) process.stdout.write(taskText(shortPath(run), result));
}

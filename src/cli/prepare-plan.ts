import type { PlanOptions } from '../scoring/options.js';
import type { Plan } from '../run/plan.js';
import { prepareScore } from '../scoring/prepare.js';
import type { ScoreDisplay } from './score-display.js';

/** The plan that a run with these options would have; what a user should know is shown, and nothing is written. */
export async function preparePlan(options: PlanOptions, display: ScoreDisplay, signal: AbortSignal): Promise<Plan> {
  const { plan, notes, warnings } = await prepareScore(options, {
    signal,
    planOnly: true,
    onHashed: (done, total) => {
      display.onEvent({ kind: 'hashing', done, total });
    },
  });
  for (const text of notes) display.onEvent({ kind: 'note', text });
  for (const text of warnings) display.onEvent({ kind: 'warning', text });
  return plan;
}

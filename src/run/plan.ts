import { TouchstoneError } from '../errors.js';
import { writeOnce } from './atomic-file.js';
import { fileSize } from './file-hash.js';
import { firstIssue, readRecord } from './json-record.js';
import { PLAN_NAME, createRunFolders, planPath } from './layout.js';
import { firstPlanDifference } from './plan-difference.js';
import { planHash, planSchema, type Plan } from './plan-record.js';
import { outlastClaim } from './publish.js';
import { sealRecord } from './sealed-record.js';
import { setFileAside } from './set-aside.js';

export { planHash, prefixId, type Plan, type PlanFile, type PlanSlice, type PlanUnit, type SliceRange } from './plan-record.js';

export interface FrozenPlan {
  readonly planHash: string;
  /** 'resumed': the run folder had this plan already. */
  readonly outcome: 'created' | 'resumed';
}

/**
 * Makes `plan` the plan of the run folder, for good: creates the folder and plan.json, or finds the same plan there. Throws a mismatch error that
 * names the first difference where the folder has another plan, and touches nothing in it. Of two processes that freeze at the same time one
 * creates the plan and the other is compared with it. An empty plan.json, which a kill can leave where the file system has no links, is moved aside.
 */
export async function freezePlan(run: string, plan: Plan): Promise<FrozenPlan> {
  const checked = planSchema.safeParse(plan);
  if (!checked.success) throw new TouchstoneError('internal', `the plan is not well-formed: ${firstIssue(checked.error)}`);
  const hash = planHash(plan);
  const size = await outlastClaim(planPath(run));
  if (size === 0) {
    await setFileAside(run, PLAN_NAME, async (moved) => (await fileSize(moved)) === 0);
  } else if (size !== undefined) {
    refuseOtherPlan(run, await readPlan(run), plan);
    await createRunFolders(run);
    return { planHash: hash, outcome: 'resumed' };
  }
  await createRunFolders(run);
  const bytes = sealRecord(checked.data);
  const { outcome } = await writeOnce(planPath(run), (sink) => sink(bytes));
  if (outcome === 'created') return { planHash: hash, outcome };
  refuseOtherPlan(run, await readPlan(run), plan);
  return { planHash: hash, outcome: 'resumed' };
}

/** The plan of a run folder. Throws where there is none, and where it is damaged or of a format this version does not know. */
export async function readPlan(run: string): Promise<Plan> {
  const read = await readRecord(planPath(run), planSchema, 'sealed');
  if (read.kind === 'record') return read.value;
  if (read.kind === 'missing') {
    if ((await fileSize(run)) === undefined) throw new TouchstoneError('usage', `${run} does not exist, expected a run folder`, { advice: 'Name the folder that was given to --out.' });
    throw new TouchstoneError('usage', `${run} is not a run folder: it has no ${PLAN_NAME}`, { advice: 'Name the folder that was given to --out.' });
  }
  throw new TouchstoneError('io', `${planPath(run)} cannot be read as a plan: ${read.problem}`, {
    advice: 'Restore the file, or start a new run in another folder; a run is never continued under a plan that cannot be checked.',
  });
}

/** The plan of a folder that may have none yet, or that may not be there. Throws as `readPlan` does where the plan cannot be read. */
export async function findPlan(run: string): Promise<Plan | undefined> {
  const size = await fileSize(planPath(run));
  return size === undefined || size === 0 ? undefined : await readPlan(run);
}

/** Throws a mismatch error that names the first difference between the plan of a run and that of a command. */
export function refuseOtherPlan(run: string, frozen: Plan, mine: Plan): void {
  const difference = firstPlanDifference(frozen, mine);
  if (difference === undefined) return;
  throw new TouchstoneError('mismatch', `${run} belongs to another plan: ${difference.message}`, {
    advice: 'Give this command another --out, or the settings, corpus and model of the run. Nothing was touched.',
  });
}

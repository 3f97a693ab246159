import { TouchstoneError } from '../errors.js';
import type { TaskSlice } from '../run/task-slice.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The slice that --task names: "i/n", "i/units", or "auto" for the index a scheduler has put into the environment.
 * @throws TouchstoneError ('usage') that says what is missing or wrong
 */
export function chooseTask(text: string, environment: Environment): TaskSlice {
  if (text === 'auto') return automatic(environment);
  const [, index, count] = /^(\d+)\/(\d+|units)$/.exec(text.trim()) ?? [];
  if (index === undefined || count === undefined) {
    throw new TouchstoneError('usage', `--task must be i/n such as 0/8, i/units, or auto, got ${text}`, { advice: 'touchstone score --help says what each means.' });
  }
  return slice(index, count, '--task');
}

/** The variable that says into how many slices the indexes of a scheduler cut the run. */
const TASKS = 'TOUCHSTONE_TASKS';

function automatic(environment: Environment): TaskSlice {
  const tasks = environment[TASKS];
  if (tasks !== undefined && !/^(\d+|units)$/.test(tasks)) {
    throw new TouchstoneError('usage', `${TASKS} must be a number of tasks, or units, got ${tasks === '' ? 'an empty text' : tasks}`, { advice: `Set it to the tasks of the whole array: ${TASKS}=64.` });
  }
  const slurm = environment['SLURM_ARRAY_TASK_ID'];
  if (slurm !== undefined) return slice(slurm, tasks ?? wholeArray(environment), 'SLURM_ARRAY_TASK_ID');
  const kubernetes = environment['JOB_COMPLETION_INDEX'];
  if (kubernetes === undefined) {
    throw new TouchstoneError('usage', '--task auto needs SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX in the environment, and neither is set', {
      advice: 'Start it from a Slurm array or a Kubernetes Indexed Job, or say --task 0/8.',
    });
  }
  if (tasks === undefined) {
    throw new TouchstoneError('usage', `--task auto has index ${kubernetes} from JOB_COMPLETION_INDEX, and nothing says of how many`, {
      advice: `Kubernetes gives no variable for it: set ${TASKS} to the job's completions.`,
    });
  }
  return slice(kubernetes, tasks, 'JOB_COMPLETION_INDEX');
}

/**
 * Slurm counts the indexes that were submitted: an array of 8 whose tasks 3 and 7 are submitted again has a count of 2, and index 7 would be none of
 * them. So the count is only believed where the indexes are all of 0 to count - 1.
 */
function wholeArray(environment: Environment): string {
  const { SLURM_ARRAY_TASK_COUNT: count, SLURM_ARRAY_TASK_MIN: first, SLURM_ARRAY_TASK_MAX: last } = environment;
  if (count !== undefined && first === '0' && last === String(Number(count) - 1)) return count;
  throw new TouchstoneError('usage', `the Slurm array has ${count ?? 'an unknown number of'} tasks with indexes from ${first ?? '?'} to ${last ?? '?'}: these are not all of 0 to n - 1, so n is not known`, {
    advice: `Set ${TASKS} to the tasks of the whole array (sbatch --export=ALL,${TASKS}=8), and let it start at 0 (--array=0-7).`,
  });
}

function slice(index: string, count: string, subject: string): TaskSlice {
  const task: TaskSlice = { index: Number(index), count: count === 'units' ? count : Number(count) };
  if (!Number.isSafeInteger(task.index) || index.trim() === '') throw new TouchstoneError('usage', `${subject} must be a whole number of at least 0, got ${index}`);
  if (task.count !== 'units' && task.index >= task.count) {
    throw new TouchstoneError('usage', `${subject} is ${index}, expected 0 to ${task.count - 1}: indexes start at 0, and there are ${task.count} tasks`, {
      advice: `For an array of ${task.count}: --array=0-${Math.max(0, task.count - 1)}.`,
    });
  }
  return task;
}

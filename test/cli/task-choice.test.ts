import { describe, expect, it } from 'vitest';
import { chooseTask } from '../../src/cli/task-choice.js';

const slurm = (index: string, [first, last, count]: readonly [string, string, string], tasks?: string) => ({
  SLURM_ARRAY_TASK_ID: index, SLURM_ARRAY_TASK_MIN: first, SLURM_ARRAY_TASK_MAX: last, SLURM_ARRAY_TASK_COUNT: count, ...(tasks === undefined ? {} : { TOUCHSTONE_TASKS: tasks }),
});

describe('--task', () => {
  it('is a slice of n, or one unit by its index', () => {
    expect(chooseTask('2/8', {})).toEqual({ index: 2, count: 8 });
    expect(chooseTask('12/units', {})).toEqual({ index: 12, count: 'units' });
  });

  it.each(['', '3', '3/', '/8', '-1/8', '1.5/8', '1/8/9', 'a/b'])('refuses "%s"', (text) => {
    expect(() => chooseTask(text, {})).toThrow(/--task must be i\/n such as 0\/8/);
  });

  it('refuses an index that is none of the n', () => {
    expect(() => chooseTask('8/8', {})).toThrow('--task is 8, expected 0 to 7');
    expect(() => chooseTask('0/0', {})).toThrow('there are 0 tasks');
  });
});

describe('--task auto', () => {
  it('is the index of a Slurm array that begins at 0 and has no gaps, whatever else the environment says', () => {
    expect(chooseTask('auto', { ...slurm('5', ['0', '7', '8']), JOB_COMPLETION_INDEX: '1' })).toEqual({ index: 5, count: 8 });
  });

  it('means the same slice when single tasks of an array are submitted again, as TOUCHSTONE_TASKS says how many there were', () => {
    expect(chooseTask('auto', slurm('7', ['3', '7', '2'], '8'))).toEqual({ index: 7, count: 8 });
    expect(chooseTask('auto', slurm('7', ['7', '7', '1'], 'units'))).toEqual({ index: 7, count: 'units' });
  });

  it.each([[['3', '7', '2']], [['1', '8', '8']], [['0', '14', '8']], [['5', '5', '1']]] as const)('refuses an array of %j whose size is a guess, and says what to set', (indexes) => {
    expect(() => chooseTask('auto', slurm(indexes[1], indexes))).toThrow(`indexes from ${indexes[0]} to ${indexes[1]}`);
    expect(() => chooseTask('auto', slurm('8', ['1', '8', '8'], '8'))).toThrow('SLURM_ARRAY_TASK_ID is 8, expected 0 to 7');
  });

  it('is the index of a Kubernetes Indexed Job, which needs TOUCHSTONE_TASKS beside it', () => {
    expect(chooseTask('auto', { JOB_COMPLETION_INDEX: '3', TOUCHSTONE_TASKS: '4' })).toEqual({ index: 3, count: 4 });
    expect(() => chooseTask('auto', { JOB_COMPLETION_INDEX: '3' })).toThrow('nothing says of how many');
    expect(() => chooseTask('auto', { JOB_COMPLETION_INDEX: '3', TOUCHSTONE_TASKS: 'all' })).toThrow('TOUCHSTONE_TASKS must be a number of tasks, or units, got all');
  });

  it('says which variables it looked for', () => {
    expect(() => chooseTask('auto', {})).toThrow('SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX');
  });
});

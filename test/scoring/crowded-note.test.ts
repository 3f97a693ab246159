import { describe, expect, it } from 'vitest';
import { crowdedNote } from '../../src/scoring/crowded-note.js';

describe('more threads than processors', () => {
  it('are told of, whether it is the threads or the sessions that are too many', () => {
    expect(crowdedNote(64, 1, 2)).toBe('64 threads were asked for (runtime.threads 64, in 1 session), and this process may use 2 processors: threads that wait for one another are slower than fewer');
    expect(crowdedNote(2, 16, 2)).toMatch(/^16 threads were asked for \(runtime\.threads 2, in 16 sessions\)/);
    expect(crowdedNote(8, 4, 8)).toBeUndefined();
  });
});

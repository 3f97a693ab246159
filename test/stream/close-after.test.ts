import { describe, expect, it } from 'vitest';
import { closeAfter } from '../../src/stream/close-after.js';

const fails = (why: string) => (): Promise<never> => Promise.reject(new Error(why));

describe('closing after work', () => {
  it('comes once the work has ended, and returns what the work did', async () => {
    const order: string[] = [];
    const note = (what: string) => (): Promise<string> => { order.push(what); return Promise.resolve(what); };
    expect(await closeAfter(note('work'), note('first'), note('second'))).toBe('work');
    expect(order).toEqual(['work', 'first', 'second']);
  });

  it('throws the error of the work, whatever closing says', async () => {
    await expect(closeAfter(fails('work'), fails('closing'))).rejects.toThrow('work');
    await expect(closeAfter(() => { throw new Error('at once'); }, fails('closing'))).rejects.toThrow('at once');
  });

  it('throws the first error of closing where the work has none, and closes the rest', async () => {
    let closed = 0;
    const closes = (): Promise<void> => { closed++; return Promise.resolve(); };
    await expect(closeAfter(() => Promise.resolve(), () => { throw new Error('first'); }, fails('second'), closes)).rejects.toThrow('first');
    await expect(closeAfter(fails('work'), fails('closing'), closes)).rejects.toThrow('work');
    expect(closed).toBe(2);
  });
});

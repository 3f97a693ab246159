import { describe, expect, it } from 'vitest';
import { RowGroupCache } from '../../src/store/row-group-cache.js';

/** A cache of ten bytes, and what it has loaded. */
function watched(): { loaded: string[]; get: (key: string, bytes?: number) => Promise<string> } {
  const cache = new RowGroupCache<string, string>(10);
  const loaded: string[] = [];
  const load = (key: string) => async (): Promise<string> => {
    loaded.push(key);
    await Promise.resolve();
    return key.toUpperCase();
  };
  return { loaded, get: (key, bytes = 4) => cache.get(key, { bytes, load: load(key) }) };
}

describe('the cache of row groups', () => {
  it('loads what it holds once, and forgets what was used longest ago', async () => {
    const { loaded, get } = watched();
    expect(await Promise.all(['a', 'b', 'a'].map((key) => get(key)))).toEqual(['A', 'B', 'A']);
    expect(loaded).toEqual(['a', 'b']);
    await get('c'); // b was used before a
    await get('a');
    expect(loaded).toEqual(['a', 'b', 'c']);
    await get('b');
    expect(loaded).toEqual(['a', 'b', 'c', 'b']);
  });

  it('keeps alone what is larger than all of it', async () => {
    const { loaded, get } = watched();
    for (const [key, bytes] of [['a', 4], ['large', 99], ['large', 99], ['a', 4]] as const) await get(key, bytes);
    expect(loaded).toEqual(['a', 'large', 'a']);
  });

  it('tries again what failed, and goes on with the rest', async () => {
    const cache = new RowGroupCache<string, string>(10);
    const fails = cache.get('a', { bytes: 9, load: () => Promise.reject(new Error('no')) });
    const other = cache.get('b', { bytes: 1, load: () => Promise.resolve('B') });
    await expect(fails).rejects.toThrow('no');
    expect(await other).toBe('B');
    expect(await cache.get('a', { bytes: 9, load: () => Promise.resolve('A') })).toBe('A');
    expect(await cache.get('b', { bytes: 1, load: () => Promise.reject(new Error('loaded again')) })).toBe('B'); // both fit: the failure takes no room
  });
});

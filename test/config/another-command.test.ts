import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import type { CommandSettings } from '../../src/config/command-settings.js';
import { oneOf, text, wholeNumber } from '../../src/config/expectations.js';
import { resolveSettings } from '../../src/config/resolve-settings.js';

const rooms = {
  live: z.strictObject({ path: text('a folder') }),
  steps: z.strictObject({ count: wholeNumber(1, 10).default(3), order: oneOf(['given', 'shuffled']).default('given') }),
};
const settings: CommandSettings<typeof rooms> = {
  command: 'other',
  rooms,
  flags: [{ flag: '--live-model', key: 'live.path', argument: '<folder>', words: 'text', description: 'the model' }],
  pathKeys: ['live.path'],
  globKeys: [],
  requiredNames: { 'live.path': 'live model' },
  conditions: [
    { rooms: ['steps', 'live'], key: 'steps.count', broken: ({ steps }) => (steps.order === 'shuffled' && steps.count < 2 ? 'must be at least 2 to be shuffled' : undefined) },
  ],
};

describe('another command', () => {
  it('reads its own rooms with the same loader, typed by its schema', () => {
    const values = resolveSettings(settings, { set: ['steps.count=5'], flags: { liveModel: 'm' }, cwd: '/work' });
    expect(values).toEqual({ live: { path: '/work/m' }, steps: { count: 5, order: 'given' } });
    const order: 'given' | 'shuffled' = values.steps.order;
    expect(order).toBe('given');
  });

  it('has its own words in its errors', () => {
    const input = { set: ['steps.conut=5'], flags: {}, cwd: '/work' };
    expect(() => resolveSettings(settings, input)).toThrow(/steps\.conut is not a setting \(did you mean steps\.count\?\); the keys of steps are count, order/);
    expect(() => resolveSettings(settings, input)).toThrow('no live model is given: pass --live-model <folder> or set live.path in the YAML file');
  });

  it('has its own conditions between keys, which are checked where the rooms are sound', () => {
    const set = ['steps.count=1', 'steps.order=shuffled'];
    expect(() => resolveSettings(settings, { set, flags: { liveModel: 'm' }, cwd: '/' })).toThrow('--set steps.count=1: steps.count must be at least 2 to be shuffled, got 1');
    expect(() => resolveSettings(settings, { set, flags: {}, cwd: '/' })).toThrow(/^no live model is given/);
  });
});

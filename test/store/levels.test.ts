import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import { Damage } from '../../src/store/damage.js';
import { ListLevels, readListLengths } from '../../src/store/levels.js';

describe('list levels', () => {
  it('bring back the lengths of random lists, empty ones too, over any page breaks', () => {
    const random = createRandom('levels');
    for (let round = 0; round < 300; round++) {
      const lengths = Array.from({ length: random.between(1, 40) }, () => random.pick([0, 0, 1, 1, 2, random.below(300), random.below(100_000)]));
      const levels = new ListLevels();
      const found = new Int32Array(lengths.length);
      let progress = { lists: 0, values: 0 };
      const endPage = (): void => {
        const { entries } = levels;
        const { repetition, definition } = levels.finish();
        progress = readListLengths(repetition, definition, entries, found, progress);
      };
      for (const length of lengths) {
        for (let from = 0, first = true; first || from < length; first = false) {
          const count = random.chance(0.2) ? Math.min(length - from, random.between(1, 500)) : length - from;
          levels.addRow(count, from > 0);
          from += count;
          if (random.chance(0.2)) endPage();
        }
      }
      endPage();
      expect([...found]).toEqual(lengths);
      expect(progress).toEqual({ lists: lengths.length, values: lengths.reduce((sum, length) => sum + length, 0) });
    }
  });

  it('of a long list take a dozen bytes, whatever its length', () => {
    const levels = new ListLevels();
    levels.addRow(200_000, false);
    const { repetition, definition } = levels.finish();
    expect(repetition.length + definition.length).toBeLessThanOrEqual(12);
  });

  it.each([
    ['end inside a run', [0x02], [0x02, 1], 1, 'end inside a run'],
    ['are bit-packed', [0x03, 0x01], [0x02, 1], 1, 'not runs of 0 and 1'],
    ['have a level above 1', [0x02, 2], [0x02, 1], 1, 'not runs of 0 and 1'],
    ['begin in the middle of a list', [0x02, 1], [0x02, 1], 1, 'continue a list that never began'],
    ['continue an empty list with nothing', [0x02, 0, 0x02, 1], [0x04, 0], 2, 'continue a list that never began'],
    ['describe more entries than the page has', [0x04, 0], [0x04, 1], 1, 'more than 1 entries'],
    ['describe more lists than the row group has', [0x08, 0], [0x08, 1], 4, 'more than 3 lists'],
  ])('that %s are damage', (_, repetition, definition, entries, message) => {
    const read = (): unknown => readListLengths(Uint8Array.from(repetition), Uint8Array.from(definition), entries, new Int32Array(3), { lists: 0, values: 0 });
    expect(read).toThrow(Damage);
    expect(read).toThrow(message);
  });
});

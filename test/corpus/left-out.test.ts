import { describe, expect, it } from 'vitest';
import { leftOut, printable } from '../../src/corpus/left-out.js';

const origin = { file: 'a.jsonl', position: 7, positionKind: 'byte' } as const;

describe('what is left out', () => {
  it('is quarantined, but an empty text is skipped', () => {
    expect(leftOut('malformed-json', origin, 'no JSON', 'x')).toEqual({ kind: 'quarantined', origin, reason: 'malformed-json', detail: 'no JSON', id: 'x' });
    expect(leftOut('empty-text', origin, 'empty')).toEqual({ kind: 'skipped', origin, reason: 'empty-text', detail: 'empty' });
  });

  it('has a detail without control characters, direction marks and lone surrogates', () => {
    expect(printable('a\n\u001b[31m\u0000\u007f\u009b\u2028\u202e\ud800z é 🙂')).toBe('a\\u000a\\u001b[31m\\u0000\\u007f\\u009b\\u2028\\u202e\\ud800z é 🙂');
  });

  it('has a detail of at most 300 characters, cut between characters', () => {
    expect(printable('x'.repeat(300))).toBe('x'.repeat(300));
    expect(printable('x'.repeat(301))).toBe(`${'x'.repeat(299)}…`);
    expect(printable(`${'x'.repeat(298)}🙂🙂`)).toBe(`${'x'.repeat(298)}…`);
    expect(printable('\0'.repeat(1000))).toHaveLength(300);
    expect(printable('🙂'.repeat(1000)).isWellFormed()).toBe(true);
  });
});

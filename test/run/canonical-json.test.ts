import { describe, expect, it } from 'vitest';

import { canonicalJson } from '../../src/run/canonical-json.js';

describe('canonical JSON', () => {
  it('has the same bytes for equal values, whatever the order of their keys', () => {
    const one = { b: [1, { y: null, x: 'é' }], a: true };
    const other = { a: true, b: [1, { x: 'é', y: null }] };
    expect(canonicalJson(one)).toBe('{"a":true,"b":[1,{"x":"é","y":null}]}');
    expect(canonicalJson(other)).toBe(canonicalJson(one));
  });

  it('reads back as the same value, one line or many', () => {
    const value = { '': [], nested: { empty: {}, list: [0.1 + 0.2, 1e21, -0.5, 2 ** 53] }, text: 'line\nbreak " \u2028 \ud800' };
    expect(JSON.parse(canonicalJson(value))).toEqual(value);
    expect(JSON.parse(canonicalJson(value, 2))).toEqual(value);
    expect(canonicalJson(value, 2)).toBe(JSON.stringify(JSON.parse(canonicalJson(value)), null, 2));
  });

  it('keeps a key named __proto__ as a key', () => {
    const value: unknown = JSON.parse('{"__proto__":{"a":1},"b":2}');
    expect(canonicalJson(value)).toBe('{"__proto__":{"a":1},"b":2}');
  });

  it('leaves out keys whose value is undefined', () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
  });

  it.each([
    ['NaN', { loss: NaN }, '$.loss'],
    ['an infinity', [1, -Infinity], '$[1]'],
    ['undefined in a list', [undefined], '$[0]'],
    ['a bigint', { id: 1n }, '$.id'],
    ['a typed array', { ids: new Int32Array(2) }, '$.ids'],
    ['a date', { at: new Date(0) }, '$.at'],
    ['a map', { ids: new Map() }, '$.ids'],
  ])('refuses %s instead of changing it, and names the place', (_, value, place) => {
    expect(() => canonicalJson(value)).toThrow(`${place} must be a value that JSON keeps`);
  });
});

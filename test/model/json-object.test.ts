import { describe, expect, it } from 'vitest';

import { describe as shown, duplicateKey, parseJsonObject } from '../../src/model/json-object.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('a JSON file of a checkpoint', () => {
  it('is a map, so that __proto__ is a key like any other', () => {
    const object = parseJsonObject(bytes('{"__proto__": {"polluted": true}, "a": [1]}'), 'config.json');
    expect([...object.keys()]).toEqual(['__proto__', 'a']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each([
    ['{"a": 1, "a": 2}', 'a'],
    ['{"b": {"x": 1, "y": 2, "x": 3}}', 'x'],
    ['{"list": [{"k": 1}, {"k": 1, "k": 1}]}', 'k'],
    ['{"a": 1, "\\u0061": 2}', 'a'],
    ['{"say \\"a\\"": 1,\n "say \\"a\\""\t: 2}', 'say "a"'],
  ])('must not name a key twice in one object: %s', (json, key) => {
    expect(duplicateKey(json)).toBe(key);
    expect(() => parseJsonObject(bytes(json), 'config.json')).toThrow(`config.json must name every key once, found ${JSON.stringify(key)} twice`);
  });

  it.each(['{}', '{"a": {"a": 1}, "b": {"a": 1}}', '{"a": "a", "b": ["a", "a"]}', '{"a\\\\": 1, "a": 2}', '{"a": "{\\"b\\":1,\\"b\\":2}"}'])(
    'may repeat a name elsewhere: %s',
    (json) => {
      expect(duplicateKey(json)).toBeUndefined();
    },
  );

  it.each([
    ['[1]', 'must be a JSON object, found [1]'],
    ['null', 'must be a JSON object, found null'],
    ['{"a": NaN}', 'must be JSON in UTF-8'],
    ['{"a": 1', 'must be JSON in UTF-8'],
    ['', 'must be JSON in UTF-8'],
  ])('must hold one object: %s', (json, message) => {
    expect(() => parseJsonObject(bytes(json), 'config.json')).toThrow(`config.json ${message}`);
  });

  it('must be valid UTF-8', () => {
    expect(() => parseJsonObject(Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'config.json')).toThrow('must be JSON in UTF-8');
  });

  it('shows long values in messages by their beginning', () => {
    expect(shown('x'.repeat(500))).toHaveLength(60);
    expect(shown(undefined)).toBe('nothing');
  });
});

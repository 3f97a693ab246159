import { describe, expect, it } from 'vitest';
import { jsonSource } from '../../src/corpus/json-source.js';

describe('the source of a value in a JSON object', () => {
  it('is its characters without white space around them', () => {
    expect(jsonSource('{"a":1, "id" : 12345678901234567890 ,"b":2}', 'id')).toBe('12345678901234567890');
    expect(jsonSource(' {"id":-9007199254740993}\r', 'id')).toBe('-9007199254740993');
    expect(jsonSource('{"id":1e400}', 'id')).toBe('1e400');
    expect(jsonSource('{"id":"x,\\"}"}', 'id')).toBe('"x,\\"}"');
  });

  it('is found past strings, nested values and escaped keys, and is never a nested one', () => {
    expect(jsonSource('{"t":"\\\\\\"id\\":1,","o":{"id":2,"x":[{"id":3}]},"l":["id",4],"i\\u0064":5}', 'id')).toBe('5');
    expect(jsonSource('{"o":{"id":2}}', 'id')).toBeUndefined();
    expect(jsonSource('{"t":"id"}', 'id')).toBeUndefined();
    expect(jsonSource('{}', 'id')).toBeUndefined();
  });

  it('is the last one where a key repeats, as in JSON.parse', () => {
    const json = '{"id":1,"id":2,"x":{"id":3}}';
    expect(jsonSource(json, 'id')).toBe(String((JSON.parse(json) as { id: number }).id));
  });
});

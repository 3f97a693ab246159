import { TouchstoneError, messageOf } from '../errors.js';

/** A JSON object as a Map: no key is special, not even `__proto__`. Nested values are as JSON.parse returns them. */
export type JsonObject = ReadonlyMap<string, unknown>;

/** Parses UTF-8 bytes that must hold one JSON object without duplicate keys at any depth. Throws an io error that names `subject`. */
export function parseJsonObject(bytes: Uint8Array, subject: string): JsonObject {
  let json: string;
  let value: unknown;
  try {
    json = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    value = JSON.parse(json);
  } catch (error) {
    throw new TouchstoneError('io', `${subject} must be JSON in UTF-8: ${messageOf(error)}`, {
      cause: error,
      advice: 'The file is damaged or was not downloaded whole; fetch it again.',
    });
  }
  const object = asJsonObject(value);
  if (object === undefined) throw new TouchstoneError('io', `${subject} must be a JSON object, found ${describe(value)}`);
  const duplicate = duplicateKey(json);
  if (duplicate !== undefined) {
    throw new TouchstoneError('io', `${subject} must name every key once, found ${JSON.stringify(duplicate)} twice in one object`, {
      advice: 'Readers disagree on which of the two counts; remove one.',
    });
  }
  return object;
}

/** The object's own keys and values, or undefined for anything that is not a JSON object. */
export function asJsonObject(value: unknown): JsonObject | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return new Map(Object.entries(value));
}

/** A value as it is shown in a message: JSON, at most 60 characters of it. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  const json = JSON.stringify(value);
  return json.length <= 60 ? json : `${json.slice(0, 57)}...`;
}

/** The first key that stands twice in one object of a well-formed JSON text. JSON.parse itself would keep the last one and say nothing. */
export function duplicateKey(json: string): string | undefined {
  const scopes: (Set<string> | 'array')[] = [];
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === '{') scopes.push(new Set());
    else if (char === '[') scopes.push('array');
    else if (char === '}' || char === ']') scopes.pop();
    else if (char === '"') {
      const end = closingQuote(json, at);
      const keys = scopes.at(-1);
      if (keys instanceof Set && isFollowedByColon(json, end + 1)) {
        const key = JSON.parse(json.slice(at, end + 1)) as string;
        if (keys.has(key)) return key;
        keys.add(key);
      }
      at = end;
    }
  }
  return undefined;
}

function closingQuote(json: string, open: number): number {
  let at = open + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at;
}

function isFollowedByColon(json: string, from: number): boolean {
  let at = from;
  while (json[at] === ' ' || json[at] === '\n' || json[at] === '\r' || json[at] === '\t') at++;
  return json[at] === ':';
}

/**
 * The characters that stand for the value of a top-level key in a valid JSON object, the last one where the key repeats (as in JSON.parse);
 * undefined where the object has no such key. For values that JavaScript cannot hold, such as integers above 2^53.
 */
export function jsonSource(json: string, key: string): string | undefined {
  let source: string | undefined;
  let i = json.indexOf('{') + 1;
  for (;;) {
    i = json.indexOf('"', i);
    if (i < 0) return source;
    const keyEnd = stringEnd(json, i);
    const found = JSON.parse(json.slice(i, keyEnd)) === key;
    const start = json.indexOf(':', keyEnd) + 1;
    const end = valueEnd(json, start);
    if (found) source = json.slice(start, end).trim();
    i = end;
  }
}

/** Index after the string that opens at `start`. */
function stringEnd(json: string, start: number): number {
  let i = start + 1;
  while (json[i] !== '"') i += json[i] === '\\' ? 2 : 1;
  return i + 1;
}

/** Index of the ',' or '}' that ends the value after `start`. */
function valueEnd(json: string, start: number): number {
  let depth = 0;
  for (let i = start; i < json.length; i++) {
    const char = json[i];
    if (char === '"') i = stringEnd(json, i) - 1;
    else if (depth === 0 && (char === ',' || char === '}')) return i;
    else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') depth--;
  }
  return json.length;
}

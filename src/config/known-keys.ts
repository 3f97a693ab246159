import { distance } from 'fastest-levenshtein';

import { allKeys, keysOf, type Rooms } from './command-settings.js';

/**
 * Says why "room.key" is not a key of the command, with the nearest key there is and the keys it could have been; undefined for a known key. Spelling
 * is compared without case, dashes and underscores, so context_length leads to contextLength; a key of another room leads there.
 */
export function unknownKey(rooms: Rooms, room: string, key: string): string | undefined {
  if (!Object.hasOwn(rooms, room)) return unknownRoom(rooms, room);
  const keys = keysOf(rooms, room);
  if (keys.includes(key)) return undefined;
  const near = nearest(key, keys);
  const elsewhere = nearest(key, allKeys(rooms), (name) => name.slice(name.indexOf('.') + 1));
  const meant = near === undefined ? elsewhere : `${room}.${near}`;
  return `${room}.${key} is not a setting${ask(meant)}; the keys of ${room} are ${keys.join(', ')}`;
}

/** Says why `room` is not a room of the command; undefined for a known room. */
export function unknownRoom(rooms: Rooms, room: string): string | undefined {
  if (Object.hasOwn(rooms, room)) return undefined;
  const names = Object.keys(rooms);
  const meant = nearest(room, names) ?? nearest(room, allKeys(rooms), (name) => name.slice(name.indexOf('.') + 1));
  return `${room} is not a setting${ask(meant)}; settings stand under ${names.join(', ')}`;
}

function ask(meant: string | undefined): string {
  return meant === undefined ? '' : ` (did you mean ${meant}?)`;
}

/** The candidate whose name is nearest, if it is near at all: two swapped letters, or a third of them. */
function nearest(word: string, candidates: readonly string[], nameOf: (candidate: string) => string = (candidate) => candidate): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const name = plain(nameOf(candidate));
    const letters = distance(plain(word), name);
    if (letters < bestDistance && letters <= (name.length < 4 ? 1 : Math.max(2, Math.floor(name.length / 3)))) {
      best = candidate;
      bestDistance = letters;
    }
  }
  return best;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '');
}

import { createHash } from 'node:crypto';

import { canonicalJson } from './canonical-json.js';

/**
 * A sealed record vouches for its own bytes, so that a flipped bit which leaves it well-formed is seen whenever it is read: its key `checksum` is the
 * sha256 of the file with 64 zeros in its place. Files that something else vouches for (manifest.json by _SUCCESS, shards by commits) need none.
 */
const LABEL = '\n  "checksum": "';
const BLANK = '0'.repeat(64);

/** The bytes of a record with its checksum: canonical JSON, a key a line. */
export function sealRecord(record: object): Uint8Array {
  const bytes = Buffer.from(`${canonicalJson({ ...record, checksum: BLANK }, 2)}\n`);
  bytes.write(createHash('sha256').update(bytes).digest('hex'), placeOf(bytes), 'latin1');
  return bytes;
}

/** What is wrong with the seal of a record, as a sentence; undefined where its bytes are those that were written. */
export function sealFault(bytes: Buffer): string | undefined {
  const place = placeOf(bytes);
  if (place < 0) return 'it has no checksum';
  const end = place + BLANK.length;
  const found = createHash('sha256').update(bytes.subarray(0, place)).update(BLANK).update(bytes.subarray(end)).digest('hex');
  const stated = bytes.toString('latin1', place, end);
  return found === stated ? undefined : `its checksum is ${found}, and it says ${JSON.stringify(stated)}`;
}

/** Where the checksum's digits begin; a text within the record has no line break of its own, so nothing else can look like this. */
function placeOf(bytes: Buffer): number {
  const label = bytes.indexOf(LABEL);
  return label < 0 ? -1 : label + LABEL.length;
}

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import { sealFault, sealRecord } from '../../src/run/sealed-record.js';

const sealed = Buffer.from(sealRecord({ unit: 7, seconds: 1.25, host: 'a\n  "checksum": "b', path: 'shards/part-00007.parquet' }));

describe('a sealed record', () => {
  it('reads back as JSON, with the sha256 of its bytes taken with zeros for the checksum', () => {
    const { checksum, ...record } = JSON.parse(sealed.toString()) as { checksum: string };
    expect(record).toEqual({ unit: 7, seconds: 1.25, host: 'a\n  "checksum": "b', path: 'shards/part-00007.parquet' });
    expect(checksum).toBe(createHash('sha256').update(sealed.toString().replace(checksum, '0'.repeat(64))).digest('hex'));
    expect(sealFault(sealed)).toBeUndefined();
  });

  it('is seen to be damaged by any one flipped bit, whether or not it still parses', () => {
    let parsed = 0;
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const flipped = Buffer.from(sealed);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(sealFault(flipped)).toBeDefined();
      try {
        JSON.parse(flipped.toString());
        parsed++;
      } catch {
        // caught without a checksum
      }
    }
    expect(parsed).toBeGreaterThan(100);
  });

  it('that is torn or has no checksum is damaged', () => {
    for (let bytes = 0; bytes < sealed.length; bytes += 7) expect(sealFault(sealed.subarray(0, bytes))).toBeDefined();
    expect(sealFault(Buffer.from('{"unit": 7}'))).toBe('it has no checksum');
  });
});

import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import { Damage } from '../../src/store/damage.js';
import { compressZstd, decompressZstd, initZstd } from '../../src/store/zstd.js';

describe('zstd pages', () => {
  beforeAll(initZstd);

  it.each([0, 1, 255, 256, 257, 65_791, 65_792, 1 << 20])('of %i bytes come back as they were', (size) => {
    const random = createRandom(`zstd/${size}`);
    const bytes = Uint8Array.from({ length: size }, () => random.below(30));
    const frame = compressZstd(bytes);
    expect(Buffer.compare(decompressZstd(frame, size), bytes)).toBe(0);
    expect(frame.length).toBeLessThan(size * 0.7 + 20);
  });

  it('are refused when their frame claims another size, before any memory is reserved for it', () => {
    const frame = compressZstd(new Uint8Array(1000));
    expect(() => decompressZstd(frame, 999)).toThrow('must hold 999 bytes, its frame says 1000');
    // A frame whose 8-byte content size is 2^40.
    const huge = Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0]);
    expect(() => decompressZstd(huge, 2 ** 40)).toThrow(Damage);
    expect(() => decompressZstd(huge, 16)).toThrow('its frame says 1099511627776');
    expect(decompressZstd(frame, 1000)).toEqual(new Uint8Array(1000));
  });

  it('that are no frame, or a broken one, are damage', () => {
    const frame = compressZstd(Uint8Array.from({ length: 5000 }, (_, i) => (i * i) % 251));
    expect(() => decompressZstd(Uint8Array.of(1, 2, 3), 3)).toThrow('its frame says nothing');
    expect(() => decompressZstd(frame.subarray(0, frame.length - 10), 5000)).toThrow('does not decompress');
  });

  it('larger than the codec can hold are refused', () => {
    expect(() => compressZstd(new Uint8Array((1 << 26) + 1))).toThrow('must be at most 67108864 bytes');
  });
});

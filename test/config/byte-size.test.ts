import { describe, expect, it } from 'vitest';

import { parseByteSize } from '../../src/config/byte-size.js';

describe('a size in bytes', () => {
  it.each([
    ['4096', 4096],
    ['1B', 1],
    ['64MiB', 67_108_864],
    ['64 mib', 67_108_864],
    ['1.5KiB', 1536],
    ['2GiB', 2_147_483_648],
    ['3kB', 3000],
    ['1TB', 1e12],
    ['0', 0],
  ])('%s is %d', (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes);
  });

  it.each(['64M', '64k', '', 'MiB', '-1KiB', '1e3', '0x10', '1,5KiB', '0.3B', '9999999TiB', 'constructor'])('%j is none', (text) => {
    expect(parseByteSize(text)).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import { resolveUnitBytes } from '../../src/scoring/resolve-unit-bytes.js';

const MIB = 2 ** 20;
const files = (...sizes: readonly number[]): { bytes: number }[] => sizes.map((size) => ({ bytes: size * MIB }));

describe('the size of units', () => {
  it('is a 256th of the corpus, at least 1 MiB on the CPU and 8 on CUDA, and at most 32', () => {
    expect(resolveUnitBytes('auto', files(0.5), 'cpu')).toBe(MIB);
    expect(resolveUnitBytes('auto', files(100, 412), 'cpu')).toBe(2 * MIB);
    expect(resolveUnitBytes('auto', files(100, 412), 'cuda')).toBe(8 * MIB);
    expect(resolveUnitBytes('auto', files(4096), 'cuda')).toBe(16 * MIB);
    for (const device of ['cpu', 'cuda'] as const) expect(resolveUnitBytes('auto', files(2 ** 20), device)).toBe(32 * MIB);
    expect(resolveUnitBytes('auto', [], 'cpu')).toBe(MIB);
  });

  it('is what was given, where a number was', () => {
    expect(resolveUnitBytes(1, files(4096), 'cuda')).toBe(1);
    expect(resolveUnitBytes(256 * MIB, files(1), 'cpu')).toBe(256 * MIB);
  });
});

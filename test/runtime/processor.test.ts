import { describe, expect, it } from 'vitest';
import { describeProcessor, int8Instructions } from '../../src/runtime/processor.js';

describe('a processor', () => {
  it('is named with the best instructions for 8-bit products it has', () => {
    expect(int8Instructions('processor\t: 0\nflags\t\t: fpu avx avx2 avx512f avx512_vnni\n\nprocessor\t: 1\nflags\t\t: fpu\n')).toBe('AVX512-VNNI');
    expect(int8Instructions('flags\t\t: fpu avx2 avx_vnni\n')).toBe('AVX-VNNI');
    expect(int8Instructions('flags\t\t: fpu avx avx2\n')).toBe('AVX2');
    expect(int8Instructions('Features\t: fp asimd asimddp\n')).toBe('dot product');
    expect(int8Instructions('flags\t\t: fpu avx avx2x\n')).toBeNull();
    expect(int8Instructions('')).toBeNull();
  });

  it('is described on every machine', async () => {
    const { model, cores, memoryBytes } = await describeProcessor();
    expect(model).not.toBe('');
    expect(cores).toBeGreaterThanOrEqual(1);
    expect(memoryBytes).toBeGreaterThan(2 ** 27);
  });
});

import { describe, expect, it } from 'vitest';
import { faultsOf } from '../../scripts/cuda/rehearsal/faults.js';
import type { Rehearsal, Rehearsed } from '../../scripts/cuda/rehearsal/rehearsal.js';
import { parseTrace, productFlops } from '../../scripts/cuda/rehearsal/trace.js';
import { specFromConfig } from '../../src/model/spec-from-config.js';

const { spec } = specFromConfig({ model_type: 'gpt2', vocab_size: 16, n_embd: 8, n_head: 1, n_layer: 1, n_positions: 8 }, 'test');
const REHEARSAL: Rehearsal = { name: 'gpt2', model: '', spec, precision: 'float16', stats: { entropy: false, top1: false }, sequences: 2, length: 4 };
const REHEARSED: Rehearsed = { headRows: [2, 4], outputs: ['loss'], placed: [{ provider: 'CPUExecutionProvider', operator: 'Concat', runs: 2 }], milliseconds: [2, 1] };
/** 2 x 4 positions through 12 x 8 x 8 parameters, and 2 x 4 rows to a vocabulary of 16; the bias of k = 1 is none of them. */
const RUN = ['launch flash_fwd_kernel 1 1 1 32 0', 'product GemmEx 24 8 8 1 2 68', 'product GemmEx 24 8 1 1 2 68', 'product GemmEx 8 8 8 1 2 68', 'product GemmEx 32 8 8 1 2 68', 'product GemmEx 8 8 32 1 2 68', 'product GemmEx 16 8 8 1 2 68', 'h2d 32', 'd2h 32', 'wait copy'];
const traceOf = (...runs: readonly (readonly string[])[]): string => ['malloc 64 64', 'mark rehearsal gpt2', 'malloc 100 164', ...runs.flatMap((run) => ['mark run', ...run]), 'mark rehearsal next', ''].join('\n');

describe('a trace of the stand-in', () => {
  it('is cut at its marks, and says of each stretch what was asked for and the most memory there was', () => {
    const [first, next] = parseTrace(traceOf(['malloc 36 200', 'free 36 164', ...RUN], RUN));
    expect(next!.stretches.map(({ mark }) => mark)).toEqual(['rehearsal next']);
    expect(first!.stretches.map(({ mark, peakBytes }) => [mark, peakBytes])).toEqual([['rehearsal gpt2', 164], ['run', 200], ['run', 164]]);
    const [, run] = first!.stretches;
    expect(run!.launches).toEqual(['flash_fwd_kernel']);
    expect(run!.copies).toEqual([{ kind: 'h2d', bytes: 32 }, { kind: 'd2h', bytes: 32 }]);
    expect(productFlops(run!.products.slice(0, 1))).toBe(2 * 24 * 8 * 8);
  });

  it('has no lines that nobody knows', () => {
    expect(() => parseTrace('mark rehearsal a\nfoo 1\n')).toThrow('no lines that begin with "foo"');
  });
});

describe('a rehearsed graph', () => {
  const faults = (rehearsal: Partial<Rehearsal>, rehearsed: Partial<Rehearsed>, ...runs: readonly (readonly string[])[]): readonly string[] =>
    faultsOf({ ...REHEARSAL, ...rehearsal }, { ...REHEARSED, ...rehearsed }, parseTrace(traceOf(...runs))[0]!.stretches);

  it('has no fault where all is on the device, in one flash attention and products that add up in float32', () => {
    expect(faults({}, {}, RUN, RUN)).toEqual([]);
  });

  it.each<[string, Partial<Rehearsed>, readonly string[]]>([
    ['the CPU computes Softmax', { placed: [{ provider: 'CPUExecutionProvider', operator: 'Softmax', runs: 2 }] }, RUN],
    ['a run brings 2 tensors to the host, its outputs are 1', {}, [...RUN, 'd2h 8']],
    ['memory grows from run to run: 164, 172 bytes', {}, [...RUN, 'malloc 8 172']],
    ['a product of float16 adds up in float16', {}, [...RUN.filter((line) => !line.includes('16 8 8')), 'product GemmEx 16 8 8 1 2 64']],
    ['attention is not flash attention', {}, RUN.slice(1)],
    ['a run multiplies 12288 FLOP, matrices need 14336', {}, RUN.filter((line) => !line.includes('16 8 8'))],
    ['impossible kernel 0 1 1 32 0', {}, [...RUN, 'impossible kernel 0 1 1 32 0']],
    ['refused 99 164', {}, [...RUN, 'refused 99 164']],
    ['call cublasDgemm_v2', {}, [...RUN, 'call cublasDgemm_v2']],
  ])('is faulty: %s', (fault, rehearsed, last) => {
    expect(faults({}, rehearsed, RUN, last)).toEqual([fault]);
  });

  it('in float32 must have products of float32', () => {
    expect(faults({ precision: 'float32' }, {}, RUN, RUN)).toEqual(['a product of the float32 graph is not float32']);
  });

  it('of an exported model may leave some of it to the CPU, which a run says', () => {
    expect(faults({ spec: null, precision: 'float32' }, { placed: [{ provider: 'CPUExecutionProvider', operator: 'MatMulInteger', runs: 2 }] }, RUN, RUN)).toEqual([]);
  });
});

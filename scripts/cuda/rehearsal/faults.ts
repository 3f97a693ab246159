import type { ModelSpec } from '../../../src/records.js';
import { leftToCpu } from '../../../src/runtime/placement.js';
import { layerOf } from '../../bench/score/flops.js';
import type { Rehearsal, Rehearsed } from './rehearsal.js';
import { productFlops, type Stretch } from './trace.js';

const FLOAT32 = 0;
const SUMS_IN_FLOAT32 = 68;

/** What is not as a graph for CUDA should be, a sentence each. */
export function faultsOf({ spec, precision, sequences, length }: Rehearsal, { headRows, outputs, placed }: Rehearsed, stretches: readonly Stretch[]): readonly string[] {
  const runs = stretches.filter(({ mark }) => mark === 'run');
  const last = runs.at(-1)!;
  const faults = [...new Set(stretches.flatMap(({ troubles }) => troubles))];
  const expect = (holds: boolean, fault: string): void => {
    if (!holds) faults.push(fault);
  };
  const count = (kind: string): number => last.copies.filter((copy) => copy.kind === kind).length;

  // An exported model may hold what CUDA has no kernel for; a run then says so.
  if (spec !== null) {
    expect(leftToCpu(placed).length === 0, `the CPU computes ${leftToCpu(placed).map(({ operator }) => operator).join(', ')}`);
    expect(count('d2h') === outputs.length, `a run brings ${count('d2h')} tensors to the host, its outputs are ${outputs.length}`);
    expect(runs.every(({ peakBytes }) => peakBytes === last.peakBytes), `memory grows from run to run: ${runs.map(({ peakBytes }) => peakBytes).join(', ')} bytes`);
  }
  if (precision === 'float16') {
    expect(last.products.every(({ compute }) => compute === SUMS_IN_FLOAT32), 'a product of float16 adds up in float16');
    expect(last.launches.some((name) => name.includes('flash_fwd')), 'attention is not flash attention');
    if (spec !== null) {
      const needed = neededProductFlops(spec, sequences * length, headRows[0] * headRows[1]);
      const asked = productFlops(last.products.filter(({ k }) => k > 1)); // of k = 1 is how a bias is laid below a product
      expect(asked === needed, `a run multiplies ${asked} FLOP, matrices need ${needed}`);
    }
  } else if (spec !== null) {
    expect(last.products.every(({ type }) => type === FLOAT32), 'a product of the float32 graph is not float32');
  }
  return faults;
}

/** Without attention, which is a kernel of its own in float16. */
function neededProductFlops(spec: ModelSpec, positions: number, scored: number): number {
  return 2 * positions * spec.layers * layerOf(spec).parameters + 2 * scored * spec.hiddenSize * spec.vocabSize;
}

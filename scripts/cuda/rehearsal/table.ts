import { leftToCpu } from '../../../src/runtime/placement.js';
import type { Rehearsal, Rehearsed } from './rehearsal.js';
import { productFlops, type Stretch } from './trace.js';

export const HEADINGS = [
  '| graph | nodes on CUDA | on the CPU | kernels | products, TFLOP | copies to the device | back | waits | device memory, MiB | of it loaded | host, ms |',
  '|---|---|---|---|---|---|---|---|---|---|---|',
].join('\n');

/** What the last run of a rehearsal did. */
export function lineOf({ name }: Rehearsal, { placed, milliseconds }: Rehearsed, stretches: readonly Stretch[]): string {
  const run = stretches.findLast(({ mark }) => mark === 'run')!;
  const runs = milliseconds.length;
  const nodes = (provider: string): number => placed.filter((operator) => operator.provider === provider).reduce((sum, operator) => sum + operator.runs, 0) / runs;
  const copies = (kind: string): number => run.copies.filter((copy) => copy.kind === kind).length;
  const left = leftToCpu(placed).map((operator) => `${operator.runs / runs} ${operator.operator}`);
  const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  const cells = [
    name,
    nodes('CUDAExecutionProvider'),
    `${nodes('CPUExecutionProvider')}${left.length === 0 ? '' : `, among them ${left.join(', ')}`}`,
    run.launches.length,
    (productFlops(run.products) / 1e12).toPrecision(3),
    copies('h2d'),
    copies('d2h'),
    run.waits.length,
    mebibytes(run.peakBytes),
    mebibytes(stretches[0]!.peakBytes),
    milliseconds.at(-1)!.toFixed(0),
  ];
  return `| ${cells.join(' | ')} |`;
}

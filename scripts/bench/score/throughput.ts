import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../../../src/runtime/session.js';
import { runBatch } from '../../../src/scoring/run-batch.js';
import type { BenchBatch } from './bench-batches.js';
import type { PyTorch } from './pytorch.js';
import type { Sgemm } from './sgemm.js';

/** One batch by all sides, right after one another. */
export interface ThroughputRound {
  readonly seconds: number;
  /** Of processor time, over all threads. */
  readonly processorSeconds: number;
  /** The same in int8. */
  readonly int8: { readonly seconds: number; readonly processorSeconds: number };
  /** Absent where PyTorch is left out. */
  readonly pytorchSeconds?: number;
  /** FLOP/s of the runtime's own Gemm at this batch's shapes. */
  readonly sgemm: number;
}

export interface Throughput {
  readonly bench: BenchBatch;
  readonly rounds: readonly ThroughputRound[];
  /** In nats, between the two sides. */
  readonly largestDifference: number | null;
}

export interface Sides {
  readonly session: Session;
  readonly int8: Session;
  readonly sgemm: Sgemm;
  readonly pytorch: PyTorch | null;
}

/** Time for the threads of one side to fall asleep before the other begins. */
const PAUSE_MS = 100;

/** Every batch once for warming up, which also compares the losses, and then `rounds` times in turn. */
export async function measureThroughput({ session, int8, sgemm, pytorch }: Sides, benches: readonly BenchBatch[], rounds: number, say: (text: string) => void): Promise<Throughput[]> {
  const results = [];
  for (const bench of benches) {
    const { losses } = await runBatch(session, bench.batch);
    await runBatch(int8, bench.batch);
    const theirs = await pytorch?.losses(bench.batch);
    const differences = theirs?.map((loss, at) => Math.abs(loss - losses.loss[at]!));
    results.push({ bench, rounds: [] as ThroughputRound[], largestDifference: differences === undefined ? null : Math.max(...differences) });
  }
  for (let round = 1; round <= rounds; round++) {
    for (const { bench, rounds: measured } of results) {
      say(`round ${round} of ${rounds}: ${bench.name}`);
      const rate = await sgemm.rate(bench.batch);
      const exact = await timed(session, bench);
      const approximate = await timed(int8, bench);
      const answer = await pytorch?.score(bench.batch);
      measured.push({ ...exact, int8: approximate, sgemm: rate, ...(answer === undefined ? {} : { pytorchSeconds: answer.seconds }) });
    }
  }
  return results;
}

async function timed(session: Session, { batch }: BenchBatch): Promise<Pick<ThroughputRound, 'seconds' | 'processorSeconds'>> {
  const before = process.cpuUsage();
  const started = performance.now();
  await runBatch(session, batch);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  await sleep(PAUSE_MS);
  return { seconds, processorSeconds: (user + system) / 1e6 };
}

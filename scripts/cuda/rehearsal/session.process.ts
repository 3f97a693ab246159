/**
 * Runs rehearsals on the CUDA device of this process, one after the other: a JSON array of Rehearsals on stdin. Prints a line of JSON for each, a Rehearsed or what went
 * wrong. Marks in the trace of the stand-in (STAND_IN_TRACE) say where each rehearsal and each of its runs begins.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { messageOf } from '../../../src/errors.js';
import { openSession } from '../../../src/runtime/session.js';
import { openReferenceModel } from '../../../src/scoring/open-reference-model.js';
import { batchFeeds } from '../../../src/scoring/run-batch.js';
import { fullBatch } from '../../bench/score/bench-batches.js';
import { RUNS, type Rehearsal, type Rehearsed } from './rehearsal.js';

const mark = (name: string): void => { appendFileSync(process.env['STAND_IN_TRACE']!, `mark ${name}\n`); };

for (const rehearsal of JSON.parse(readFileSync(0, 'utf8')) as readonly Rehearsal[]) {
  mark(`rehearsal ${rehearsal.name}`);
  const rehearsed = await rehearse(rehearsal).catch((error: unknown) => ({ problem: messageOf(error) }));
  console.log(JSON.stringify(rehearsed));
}

async function rehearse({ model, precision, stats, sequences, length }: Rehearsal): Promise<Rehearsed> {
  const reference = await openReferenceModel(model, stats);
  const graph = await reference.graph(length, { device: 'cuda', precision });
  const session = await openSession({ ...graph, device: { kind: 'cuda', id: 0 }, threads: 1, spin: false, profiled: true });
  try {
    const { batch } = fullBatch(sequences, length, reference.vocabSize, 'cuda');
    const milliseconds: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      mark('run');
      const started = performance.now();
      await session.run(batchFeeds(batch));
      milliseconds.push(performance.now() - started);
    }
    return { headRows: [batch.chunks, batch.chunkRows], outputs: session.info.outputs, placed: await session.placement(), milliseconds };
  } finally {
    await session.release();
  }
}

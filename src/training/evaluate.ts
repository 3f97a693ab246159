import type { TokenizedDocument } from '../records.js';
import type { StatefulSession } from '../runtime/stateful-session.js';
import { scatterLosses } from '../windows/batch.js';
import { batches } from '../windows/batches.js';
import type { OpenDocument } from '../windows/open-document.js';

/** Documents a model is evaluated on, in memory. */
export interface EvaluationSet {
  readonly name: string;
  readonly documents: readonly TokenizedDocument[];
}

export interface EvaluationOptions {
  readonly contextLength: number;
  /** Id put before a document, or null. */
  readonly prefixId: number | null;
  /** Positions of a batch. */
  readonly batchTokens: number;
}

/** Mean loss in nats over every token that has a context, by the weights as they are now; windows overlap by half. */
export async function evaluate(session: StatefulSession, { documents }: EvaluationSet, { contextLength, prefixId, batchTokens }: EvaluationOptions): Promise<number> {
  const stats = { entropy: false, top1: false };
  const opened: OpenDocument[] = [];
  for await (const batch of batches(each(documents), { contextLength, stride: Math.max(1, Math.floor(contextLength / 2)), prefixId, batchTokens, shapes: { kind: 'fitted', chunkRows: 512 }, stats }, (document) => opened.push(document))) {
    const { inputIds, sequences, length, rows, targets, chunks, chunkRows } = batch;
    const { loss } = await session.run('evaluate', {
      input_ids: { dtype: 'int32', dims: [sequences, length], data: inputIds },
      rows: { dtype: 'int32', dims: [chunks, chunkRows], data: rows },
      targets: { dtype: 'int32', dims: [chunks, chunkRows], data: targets },
    });
    scatterLosses(batch, { loss: loss!.data as Float32Array });
  }
  let sum = 0;
  let count = 0;
  for (const document of opened) {
    for (const loss of document.finish().refLoss) {
      if (Number.isNaN(loss)) continue;
      sum += loss;
      count++;
    }
  }
  return sum / count;
}

async function* each(documents: readonly TokenizedDocument[]): AsyncGenerator<TokenizedDocument, void, undefined> {
  for (const document of documents) yield await Promise.resolve(document);
}

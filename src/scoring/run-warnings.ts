import type { Manifest } from '../run/manifest.js';

/** What is suspicious about the losses of a complete run, one sentence each; nothing that would end a command. */
export function runWarnings({ totals: { tokens, scored, nonfinite, lossSum }, shards }: Manifest, vocabSize: number): string[] {
  const warnings: string[] = [];
  if (nonfinite > 0) {
    const [worst] = shards.toSorted((a, b) => b.nonfinite - a.nonfinite || a.unit - b.unit);
    const share = ((100 * nonfinite) / tokens).toPrecision(3);
    warnings.push(`${nonfinite} of ${tokens} tokens have no finite loss (${share} %) and are stored as NaN; most are in ${worst!.path}. --max-nonfinite makes a limit of it`);
  }
  const mean = lossSum / scored; // NaN where nothing was scored
  if (mean > Math.log(vocabSize)) {
    warnings.push(`the mean loss is ${mean.toFixed(2)} nats, more than the ln ${vocabSize} = ${Math.log(vocabSize).toFixed(2)} of a model that knows nothing: is this the checkpoint's tokenizer, and are its weights whole?`);
  }
  return warnings;
}

import { resolveSelection } from '../selection/options.js';
import type { Comparison } from './comparison.js';
import { counted, tokensText } from './comparison-table.js';
import type { TrainOptions } from './options.js';

/** What the runs of a comparison have in common, a sentence each. */
export function comparisonSettings({ seeds, steps, consumedTokens }: Comparison, { model, data, batch, optimizer, selection }: TrainOptions): string[] {
  const { keepFraction, threshold, scope } = resolveSelection(selection);
  const sequences = batch.sequences * batch.accumulation;
  return [
    `${counted(seeds, 'seed')}, ${counted(steps, 'step')} of ${counted(sequences, 'sequence')} of ${data.length} tokens: each run consumed ${tokensText(consumedTokens)} tokens.`,
    `${keepFraction === null ? `Kept by threshold ${threshold}` : `Kept share ${keepFraction} (of the ${scope})`}, for every selection but \`all\`.`,
    `Learning rate ${optimizer.learningRate}, ${optimizer.schedule} to ${optimizer.minLearningRate}, ${counted(optimizer.warmupSteps, 'step')} of warm-up.`,
    model.path === null
      ? 'Models from scratch. A seed gives the initial weights and the order of rows, the same for all selections.'
      : 'All runs start from the same checkpoint. A seed gives the order of rows, the same for all selections.',
  ];
}

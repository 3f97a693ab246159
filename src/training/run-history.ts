import { join } from 'node:path';
import { TouchstoneError } from '../errors.js';
import { readMetrics } from './metrics/metrics-log.js';
import { keptNothing, lossesByName } from './metrics/step-metrics.js';
import type { RunSettings } from './run-settings.js';
import { selectionText } from './selection-text.js';

export interface RunHistory {
  /** Steps whose selection kept no token. */
  readonly emptySteps: number;
  /** Mean loss in nats by name, before the first step. */
  readonly evaluationBefore: Readonly<Record<string, number>>;
}

/**
 * What the log of a finished run tells of all of its steps, those of earlier commands included. Throws what readMetrics throws, and a data error where none of the
 * `steps` kept a token.
 */
export async function runHistory(folder: string, settings: RunSettings, steps: number): Promise<RunHistory> {
  const records = await readMetrics(join(folder, 'metrics.jsonl'));
  const emptySteps = records.filter(keptNothing).length;
  if (emptySteps === steps) {
    throw new TouchstoneError('data', `the selection (${selectionText(settings)}) kept no token in any of the ${steps} steps of ${folder}: nothing was learned, and no model is written`, {
      advice: 'Begin anew with another --out and a threshold that tokens reach (metrics.jsonl has their mean excess losses), or with selection.keepFraction.',
    });
  }
  return {
    emptySteps,
    evaluationBefore: lossesByName(records.find(({ step }) => step === 0)?.evaluations ?? []),
  };
}

import { z } from 'zod';

import { messageOf, TouchstoneError } from '../../errors.js';

/** Mean loss in nats on a held-out set, after the step of the record it stands in. */
export interface Evaluation {
  readonly name: string;
  readonly loss: number;
}

export function lossesByName(evaluations: readonly Evaluation[]): Readonly<Record<string, number>> {
  return Object.fromEntries(evaluations.map(({ name, loss }) => [name, loss]));
}

/** What one optimizer step did. NaN stands where there is no such value: nothing was dropped, no reference losses, no step yet. */
export interface StepMetrics {
  /** Steps done; 0 for an evaluation of the model as it was before the first. */
  readonly step: number;
  /** Targets that went through the model since the run began, and those it was trained on. */
  readonly consumedTokens: number;
  readonly trainedTokens: number;
  /** Mean loss in nats of the tokens trained on in this step, before the update. */
  readonly loss: number;
  /** The same over every target of the step: what runs with different selections can be compared by. */
  readonly lossAll: number;
  /** Global norm before clipping. */
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Tokens trained on over tokens consumed, of this step; 0 to 1. */
  readonly keptShare: number;
  /** Mean of live minus reference loss in nats. */
  readonly meanExcessKept: number;
  readonly meanExcessDropped: number;
  readonly tokensPerSecond: number;
  readonly stepSeconds: number;
  /** Only with weights instead of a mask: their sum over tokens consumed, of this step; keptShare then is the share that counts 1. */
  readonly weightShare?: number;
  readonly evaluations?: readonly Evaluation[];
}

/** Every measured value of a step, in the order of the file. */
export const MEASURED = [
  'loss', 'lossAll', 'gradientNorm', 'learningRate', 'keptShare', 'meanExcessKept', 'meanExcessDropped', 'tokensPerSecond', 'stepSeconds',
] as const;
export type Measured = (typeof MEASURED)[number];

/** The record of step 0: evaluations of a model that is yet to be trained. */
export function beforeTraining(evaluations: readonly Evaluation[]): StepMetrics {
  const none = Object.fromEntries(MEASURED.map((key) => [key, NaN])) as Record<Measured, number>;
  return { step: 0, consumedTokens: 0, trainedTokens: 0, ...none, evaluations };
}

/** Whether a step had nothing to learn from: its selection kept no token, and gave none a weight. Only weight decay moved the model. */
export function keptNothing({ step, keptShare, weightShare = 0 }: StepMetrics): boolean {
  return step > 0 && keptShare === 0 && weightShare === 0;
}

/** JSON has no NaN and no infinities: such a value is null, and `nullReasons` says by its key why. */
const line = z.strictObject({
  step: z.int().min(0),
  consumedTokens: z.int().min(0),
  trainedTokens: z.int().min(0),
  loss: z.number().nullable(),
  lossAll: z.number().nullable(),
  gradientNorm: z.number().nullable(),
  learningRate: z.number().nullable(),
  keptShare: z.number().nullable(),
  meanExcessKept: z.number().nullable(),
  meanExcessDropped: z.number().nullable(),
  tokensPerSecond: z.number().nullable(),
  stepSeconds: z.number().nullable(),
  weightShare: z.number().optional(),
  evaluations: z.array(z.strictObject({ name: z.string(), loss: z.number().nullable() })).optional(),
  nullReasons: z.record(z.string(), z.string()).optional(),
});

/** The record as one line of metrics.jsonl, without the line break. */
export function metricsLine(record: StepMetrics): string {
  const reasons: Record<string, string> = {};
  const storable = (key: string, value: number): number | null => {
    if (Number.isFinite(value)) return value;
    reasons[key] = reasonOf(key, value, record);
    return null;
  };
  const { step, consumedTokens, trainedTokens, weightShare, evaluations } = record;
  const measured = Object.fromEntries(MEASURED.map((key) => [key, storable(key, record[key])]));
  const evaluated = evaluations?.map(({ name, loss }) => ({ name, loss: storable(evaluationKey(name), loss) }));
  return JSON.stringify({
    step, consumedTokens, trainedTokens, ...measured,
    ...(weightShare === undefined ? {} : { weightShare }),
    ...(evaluated === undefined ? {} : { evaluations: evaluated }),
    ...(Object.keys(reasons).length === 0 ? {} : { nullReasons: reasons }),
  });
}

/** The record of a line. Throws an io error that names `subject` for anything `metricsLine` does not write. */
export function parseMetricsLine(text: string, subject: string): StepMetrics {
  try {
    const { nullReasons = {}, weightShare, evaluations, ...rest } = line.parse(JSON.parse(text));
    const value = (key: string, stored: number | null): number => stored ?? unstorable(nullReasons[key]);
    const measured = Object.fromEntries(MEASURED.map((key) => [key, value(key, rest[key])])) as Record<Measured, number>;
    const record = { ...rest, ...measured, ...(weightShare === undefined ? {} : { weightShare }) };
    if (evaluations === undefined) return record;
    return { ...record, evaluations: evaluations.map(({ name, loss }) => ({ name, loss: value(evaluationKey(name), loss) })) };
  } catch (error) {
    throw new TouchstoneError('io', `${subject} must be a record of a training step: ${messageOf(error)}`, { cause: error, advice: 'The file is damaged; move it away to go on without it.' });
  }
}

const evaluationKey = (name: string): string => `evaluations.${name}`;

function reasonOf(key: string, value: number, record: StepMetrics): string {
  if (value === Infinity || value === -Infinity) return String(value);
  if ((key === 'loss' || key === 'meanExcessKept') && keptNothing(record)) return 'no token was kept';
  if (key === 'meanExcessKept') return 'no kept token has a reference loss';
  if (key === 'meanExcessDropped') return 'no dropped token has a reference loss';
  return record.step === 0 ? 'before the first step' : 'not a number';
}

function unstorable(reason: string | undefined): number {
  return reason === 'Infinity' ? Infinity : reason === '-Infinity' ? -Infinity : NaN;
}

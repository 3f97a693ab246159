import { z } from 'zod';

import { resolveSelection } from '../selection/options.js';
import type { TrainOptions } from '../training/options.js';
import type { CommandSettings } from './command-settings.js';
import { device, oneOf, text, texts, wholeNumber, wholeNumberOr } from './expectations.js';
import { resolveSettings, type SettingsInput } from './resolve-settings.js';
import { trainFlags } from './train-flags.js';

const MOST = Number.MAX_SAFE_INTEGER;

function number(minimum: number, maximum: number, expectation: string) {
  return z.number(expectation).min(minimum, expectation).max(maximum, expectation);
}

/** A text or a number; the output is a text. */
function seed() {
  return z.union([z.string(), z.number()], 'must be a text or a number').transform(String);
}

const orNull = <T extends z.ZodType>(schema: T, what: string) => z.union([schema, z.null()], `must be ${what}, or null`).default(null);
const optional = <T extends z.ZodType>(schema: T) => schema.exactOptional();

const REWEIGHT = 'must hold a temperature in nats above 0, such as {temperature: 0.5}';

/** The rooms of `touchstone train`; the docstrings of TrainOptions and SelectionOptions say what the keys mean. */
const trainRooms = {
  objective: z.strictObject({ kind: oneOf(['selective', 'causal']) }),
  model: z.strictObject({
    path: orNull(text('a checkpoint folder'), 'a checkpoint folder'),
    init: orNull(z.record(z.string(), z.unknown()), 'keys of a config.json'),
    seed: seed().default('0'),
  }),
  tokenizer: z.strictObject({ path: orNull(text('a folder'), 'a folder') }),
  data: z.strictObject({
    scores: orNull(text('a run folder'), 'a run folder'),
    corpus: orNull(texts('a file, folder or glob'), 'a file, folder or glob, or a list of them'),
    textField: texts('the name of a field').default(['text']),
    length: wholeNumber(2, 2 ** 20),
    bos: oneOf(['none', 'bos', 'eos-as-bos', 'auto']).default('auto'),
    seed: seed().default('0'),
    windowTokens: wholeNumber(1, MOST).default(2 ** 22),
    verify: z.boolean('must be true or false').default(true),
  }),
  batch: z.strictObject({
    sequences: wholeNumber(1, 2 ** 16),
    accumulation: wholeNumber(1, 2 ** 16).default(1),
  }),
  optimizer: z.strictObject({
    learningRate: number(0, 10, 'must be a number from 0 to 10'),
    minLearningRate: number(0, 10, 'must be a number from 0 to 10').default(0),
    schedule: oneOf(['cosine', 'linear', 'constant']).default('cosine'),
    warmupSteps: wholeNumber(0, MOST).default(0),
    beta1: number(0, 0.999999, 'must be a number from 0 to below 1').default(0.9),
    beta2: number(0, 0.999999, 'must be a number from 0 to below 1').default(0.95),
    epsilon: number(1e-12, 1, 'must be a number from 1e-12 to 1').default(1e-8),
    weightDecay: number(0, 10, 'must be a number from 0 to 10').default(0.1),
    clipNorm: number(1e-6, 1e6, 'must be a number above 0').default(1),
  }),
  selection: z.strictObject({
    score: optional(oneOf(['excess', 'reference', 'entropy', 'intersection', 'random', 'all'])),
    keepFraction: optional(number(1e-6, 1, 'must be a share above 0 and at most 1')),
    threshold: optional(z.number('must be a number')),
    scope: optional(oneOf(['batch', 'sequence'])),
    referenceLossCap: optional(number(1e-6, 1e6, 'must be a number of nats above 0')),
    warmupSteps: optional(wholeNumber(0, MOST)),
    reweight: optional(z.strictObject({ temperature: number(1e-6, 1e6, REWEIGHT) }, REWEIGHT)),
    denominator: optional(oneOf(['selected', 'all'])),
    seed: wholeNumber(0, 2 ** 32 - 1).default(0),
  }),
  run: z.strictObject({
    steps: wholeNumber(1, MOST),
    threads: wholeNumberOr(1, 1024, 'auto').default('auto'),
    device: device().default({ kind: 'cpu' }),
    stepsPerTransfer: wholeNumberOr(1, 1024, 'auto').default('auto'),
    evaluateEvery: wholeNumber(1, MOST).default(100),
    evaluateOn: z.record(z.string(), text('a run of touchstone score, or a file, folder or glob'), 'must hold score sets or corpora by name').default({}),
    alignmentEvery: wholeNumber(1, MOST).default(4),
    checkpointEvery: wholeNumber(1, MOST).default(500),
  }),
  output: z.strictObject({
    folder: text('a folder'),
    dtype: oneOf(['F32', 'F16', 'BF16']).default('F32'),
  }),
};

export const trainSettings: CommandSettings<typeof trainRooms> = {
  command: 'train',
  rooms: trainRooms,
  flags: trainFlags,
  pathKeys: ['model.path', 'tokenizer.path', 'data.scores', 'data.corpus', 'run.evaluateOn', 'output.folder'],
  globKeys: ['data.corpus', 'run.evaluateOn'],
  nestedKeys: ['model.init', 'selection.reweight', 'run.evaluateOn'],
  requiredNames: { 'objective.kind': 'objective', 'data.length': 'sequence length', 'batch.sequences': 'batch size', 'run.steps': 'number of steps', 'optimizer.learningRate': 'learning rate', 'output.folder': 'output folder' },
  conditions: [
    { rooms: ['run'], key: 'run.device', broken: ({ run: { device } }) => (device.kind === 'cuda' && device.ids.length > 1 ? 'must be one device: a run is trained by one process on one device' : undefined) },
    { rooms: ['model'], key: 'model.path', broken: ({ model: { path, init } }) => ((path === null) === (init === null) ? 'must be given, or model.init, and not both' : undefined) },
    {
      rooms: ['model', 'tokenizer'],
      key: 'tokenizer.path',
      broken: ({ model, tokenizer }) => (model.path === null && tokenizer.path === null ? 'must be given where the model is made from model.init' : undefined),
    },
    { rooms: ['data'], key: 'data.scores', broken: ({ data: { scores, corpus } }) => ((scores === null) === (corpus === null) ? 'must be given, or data.corpus, and not both' : undefined) },
    {
      rooms: ['data', 'objective'],
      key: 'data.scores',
      broken: ({ data, objective }) => (objective.kind === 'selective' && data.scores === null ? 'must be given for the selective objective' : undefined),
    },
  ],
};

/** The options of `touchstone train`; the rules of resolveScoreOptions. Also throws the usage errors of resolveSelection. */
export function resolveTrainOptions(input: SettingsInput): TrainOptions {
  const options = resolveSettings(trainSettings, input);
  if (options.objective.kind === 'selective') resolveSelection(options.selection);
  return options;
}

import { constants } from 'node:buffer';
import { z } from 'zod';

import { USUAL_ID_FIELD, USUAL_SOURCE_FIELD } from '../corpus/usual-fields.js';
import type { CommandSettings, Condition } from './command-settings.js';
import { anyOf, byteSize, byteSizeOrAuto, device, limit, oneOf, text, texts, wholeNumber, wholeNumberOr } from './expectations.js';
import { scoreFlags } from './score-flags.js';

const MIB = 2 ** 20;
/** Longer contexts than any released model has; a guard against a slip of the keyboard, not a limit of the method. */
const LONGEST_CONTEXT = 2 ** 20;

/** The rooms of `touchstone score`; the docstrings of ScoreOptions say what the keys mean. */
const scoreRooms = {
  corpus: z.strictObject({
    paths: texts('a file, folder or glob'),
    textField: texts('the name of a field').default(['text']),
    idField: text('the name of a field').default(USUAL_ID_FIELD),
    sourceField: text('the name of a field').default(USUAL_SOURCE_FIELD),
    // V8 has no longer string.
    maxLineBytes: byteSize(1, constants.MAX_STRING_LENGTH).default(64 * MIB),
    unitBytes: byteSizeOrAuto(1, Number.MAX_SAFE_INTEGER).default('auto'),
    limitDocs: wholeNumberOr(1, Number.MAX_SAFE_INTEGER, null).default(null),
  }),
  tokenizer: z.strictObject({
    path: z.union([text('a folder, or null'), z.null()], 'must be a folder, or null').default(null),
  }),
  windows: z.strictObject({
    layout: oneOf(['document', 'packed']).default('document'),
    contextLength: wholeNumberOr(2, LONGEST_CONTEXT, 'auto').default('auto'),
    stride: wholeNumberOr(1, LONGEST_CONTEXT - 1, 'auto').default('auto'),
    bos: oneOf(['none', 'bos', 'eos-as-bos', 'auto']).default('auto'),
  }),
  model: z.strictObject({
    path: text('a checkpoint folder or an .onnx file'),
    precision: oneOf(['auto', 'float32', 'float16', 'int8']).default('auto'),
  }),
  runtime: z.strictObject({
    device: device().default({ kind: 'cpu' }),
    batchTokens: wholeNumberOr(1, 2 ** 24, 'auto').default('auto'),
    threads: wholeNumberOr(1, 1024, 'auto').default('auto'),
    workers: wholeNumber(1, 256).default(1),
    unitAttempts: wholeNumber(1, 100).default(3),
    // The slowest batch that is no accident: 4096 tokens of a 7B model on a few cores take ten minutes.
    batchTimeout: wholeNumber(1, 7 * 24 * 3600).default(3600),
  }),
  thresholds: z.strictObject({
    maxQuarantined: limit().default(null),
    maxNonfinite: limit().default(null),
  }),
  output: z.strictObject({
    run: text('a folder'),
    reuse: texts('the folder of an earlier run', 0).default([]),
    stats: anyOf(['entropy', 'top1', 'bytes']).default({ entropy: false, top1: false, bytes: false }),
    lossPrecision: oneOf(['exact', 'grid11']).default('exact'),
  }),
};

/** The same without the need for a run folder, for commands that write nothing. */
const planRooms = { ...scoreRooms, output: scoreRooms.output.extend({ run: z.union([text('a folder'), z.null()], 'must be a folder').default(null) }) };

const conditions: readonly Condition<typeof planRooms>[] = [
  {
    rooms: ['windows'],
    key: 'windows.stride',
    broken: ({ windows: { layout, contextLength, stride } }) => {
      if (stride === 'auto') return undefined;
      if (layout === 'packed') return 'must be auto in the packed layout, where every row is one window';
      if (contextLength === 'auto' || stride < contextLength) return undefined;
      return `must be less than windows.contextLength, which is ${contextLength}`;
    },
  },
  {
    rooms: ['windows', 'output'],
    key: 'output.reuse',
    broken: ({ windows: { layout }, output: { reuse } }) =>
      layout === 'document' || reuse.length === 0 ? undefined : 'must be left out in the packed layout, where a row holds pieces of many documents',
  },
  {
    rooms: ['runtime'],
    key: 'runtime.workers',
    broken: ({ runtime: { threads, workers } }) =>
      threads === 'auto' || workers <= threads ? undefined : `must be at most runtime.threads, which is ${threads}`,
  },
];

export const scoreSettings: CommandSettings<typeof scoreRooms> = {
  command: 'score',
  rooms: scoreRooms,
  flags: scoreFlags,
  pathKeys: ['corpus.paths', 'tokenizer.path', 'model.path', 'output.run', 'output.reuse'],
  globKeys: ['corpus.paths', 'output.reuse'],
  requiredNames: { 'corpus.paths': 'corpus', 'model.path': 'model', 'output.run': 'run folder' },
  conditions,
};

export const planSettings: CommandSettings<typeof planRooms> = { ...scoreSettings, rooms: planRooms, conditions };

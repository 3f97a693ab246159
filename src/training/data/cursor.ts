import { z } from 'zod';
import { TouchstoneError } from '../../errors.js';
import type { SequenceFormat } from './sequence-format.js';
import type { SourceIdentity } from './training-rows.js';

/** Everything that decides which token stands where in a stream of sequences; how many of them make a batch does not. */
export interface StreamIdentity extends SourceIdentity, SequenceFormat {}

/**
 * An exact place in a stream of sequences: that of the token which the next sequence begins with. Plain data, the same after a trip through JSON.
 * Nothing else needs to be kept: windows and their order follow from the stream's identity, and the one token that two
 * sequences share is read again. Batch size and ranks may change at a cursor, since it counts tokens and not batches.
 */
export interface Cursor {
  readonly stream: StreamIdentity;
  /** Sequences of all ranks that lie before. */
  readonly sequences: number;
  readonly epoch: number;
  /** Number of the window in the epoch. */
  readonly window: number;
  /** Place of the row in the window's shuffled order; the number of its rows where the window is used up. */
  readonly row: number;
  /** Position in the row as it is laid out, its prefix included. */
  readonly token: number;
}

const count = z.int().min(0);

export const cursorSchema: z.ZodType<Cursor> = z.strictObject({
  stream: z.strictObject({
    source: z.string(),
    seed: z.string().nullable(),
    windowTokens: z.int().min(1),
    layout: z.enum(['document', 'packed']),
    length: z.int().min(1),
    prefixId: count.nullable(),
    separatorId: count,
  }),
  sequences: count,
  epoch: count,
  window: count,
  row: count,
  token: count,
});

/** The place before the first sequence. */
export function startOf(stream: StreamIdentity): Cursor {
  return { stream, sequences: 0, epoch: 0, window: 0, row: 0, token: 0 };
}

/** The cursor, if it is one and of this stream. Throws an io error for anything else than a cursor, a mismatch that names the first difference for one of another stream. */
export function checkCursor(value: unknown, stream: StreamIdentity): Cursor {
  const parsed = cursorSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new TouchstoneError('io', `the data position cannot be read: ${issue.path.join('.') || 'the whole'}: ${issue.message}`, { advice: 'Resume from an undamaged checkpoint.' });
  }
  for (const name of Object.keys(cursorStreamNames) as (keyof StreamIdentity)[]) {
    const [saved, mine] = [parsed.data.stream[name], stream[name]];
    if (saved === mine) continue;
    throw new TouchstoneError('mismatch', `the checkpoint stopped in a stream whose ${cursorStreamNames[name]} is ${saved}, this one has ${mine}`, {
      advice: 'Resume with the data settings of the checkpoint, or start a new training run.',
    });
  }
  return parsed.data;
}

/** What a user calls the fields, in the order in which two streams are compared. */
const cursorStreamNames: { readonly [name in keyof StreamIdentity]: string } = {
  source: 'source',
  layout: 'layout',
  length: 'sequence length',
  prefixId: 'prefix id',
  separatorId: 'separator id',
  seed: 'seed',
  windowTokens: 'shuffle window',
};

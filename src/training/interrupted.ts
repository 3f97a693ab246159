import { errnoOf, TouchstoneError } from '../errors.js';
import { checkpointFolder } from './checkpoints.js';
import { rowsInBatch, targetOrigin, type TokenOrigin, type TrainingBatch } from './data/batch.js';
import type { RowSource } from './data/training-rows.js';

/** A loss or a gradient that is not finite: nothing that could be tried again. */
export class Diverged extends TouchstoneError {
  readonly rows: readonly Pick<TokenOrigin, 'unit' | 'row'>[];
  readonly at: TokenOrigin | undefined;

  /** @param target index into the batch's targets, where one of them is to blame */
  constructor(message: string, batch: TrainingBatch, target?: number) {
    super('data', message);
    this.rows = rowsInBatch(batch);
    this.at = target === undefined ? undefined : targetOrigin(batch, target);
  }
}

/** System errors that say there is no room: the advice of a scoring run, whose units are committed one by one, does not fit a training run. */
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
/** Rows that are named in an error. */
const ROWS_NAMED = 5;

export interface Kept {
  readonly folder: string;
  /** Of the last checkpoint; 0 for none. */
  readonly step: number;
}

/** The error that ended a run in the middle, with what is kept of it and how to go on, where it is one that says nothing of that; else the error itself. */
export async function explained(error: unknown, { folder, step }: Kept, source: RowSource): Promise<unknown> {
  if (!(error instanceof TouchstoneError)) return error;
  const kept = step === 0 ? 'No checkpoint was written yet' : `The checkpoint of step ${step} is kept`;
  if (error instanceof Diverged) {
    const begin = step === 0 ? 'begin anew' : `begin anew from it (--model ${checkpointFolder(folder, step)}, another --out)`;
    return new TouchstoneError('data', `${error.message}${await placeText(error, source)}`, { cause: error, advice: `${kept}: ${begin} with a lower optimizer.learningRate or optimizer.clipNorm.` });
  }
  const code = errnoOf(error.cause);
  if (code === undefined || !NO_ROOM.has(code)) return error;
  const room = code === 'EFBIG' ? 'raise the file-size limit (ulimit -f)' : 'free space on that file system (older checkpoints may be deleted)';
  return new TouchstoneError(error.kind, error.message, { cause: error, advice: `${kept}: ${room} and run the same command with --resume.` });
}

async function placeText({ rows, at }: Diverged, source: RowSource): Promise<string> {
  const nameOf = async ({ unit, row }: Pick<TokenOrigin, 'unit' | 'row'>): Promise<string> => await (source.nameRow?.(unit, row).catch(() => undefined) ?? undefined) ?? `row ${row} of unit ${unit}`;
  const names = await Promise.all(rows.slice(0, ROWS_NAMED).map(nameOf));
  const token = at === undefined ? '' : `, at token ${at.token} of ${await nameOf(at)}`;
  return `${token}; the batch holds ${names.join(', ')}${rows.length > ROWS_NAMED ? ` and ${rows.length - ROWS_NAMED} more` : ''}`;
}

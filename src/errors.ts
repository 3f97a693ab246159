/** What went wrong, as far as a caller or a scheduler can act on it. The CLI maps each kind to one exit code. */
export type ErrorKind =
  | 'usage' // the command or its options are wrong
  | 'data' // the input broke a threshold the user set
  | 'internal' // a broken invariant of this program
  | 'io' // the file system or a file's bytes
  | 'retryable' // the same command may succeed if it is run again
  | 'mismatch'; // this run folder belongs to another plan

export interface TouchstoneErrorOptions {
  /** What the user can do about it, one sentence. */
  readonly advice?: string;
  readonly cause?: unknown;
}

/** An error with a message fit for the user: subject, expectation, value found. Everything else that is thrown is a bug. */
export class TouchstoneError extends Error {
  override readonly name = 'TouchstoneError';
  readonly kind: ErrorKind;
  readonly advice: string | undefined;

  constructor(kind: ErrorKind, message: string, options: TouchstoneErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.advice = options.advice;
  }
}

/** The message of anything thrown, for building a sentence around it. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The `code` of a Node.js system error ("ENOENT"), or undefined. */
export function errnoOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

import { TouchstoneError } from '../errors.js';

/** What is wrong with the bytes of a file, said by a decoder that knows neither the file nor the column. */
export class Damage extends Error {
  override readonly name = 'Damage';
  readonly advice: string | undefined;

  constructor(message: string, options: { readonly advice?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.advice = options.advice;
  }
}

/** Does the work; damage it meets becomes an io error that begins with the subject. Other errors pass. */
export async function aboutFile<T>(subject: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    throw new TouchstoneError('io', `${subject}: ${error.message}`, {
      advice: error.advice ?? 'The file is damaged, or is no score shard. Compare its sha256 with the manifest; score its unit again if they differ.',
      cause: error,
    });
  }
}

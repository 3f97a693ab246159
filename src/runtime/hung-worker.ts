import { TouchstoneError } from '../errors.js';

/**
 * A worker thread that does not answer. Nothing can be done about it inside the process: a thread that hangs in native code can neither be stopped nor
 * waited for, so whoever catches this ends the process (the command line does).
 */
export class HungWorker extends TouchstoneError {
  constructor(what: string, seconds: number) {
    super('retryable', `${what} has not answered for ${seconds} s and is given up as hung`, {
      advice: 'If the machine is just slow, raise runtime.batchTimeout; else run the same command again: what is done is kept.',
    });
  }
}

import { TouchstoneError } from '../errors.js';

/** Why a command was stopped from outside. */
export class Interrupted extends TouchstoneError {
  readonly signalName: NodeJS.Signals;

  constructor(signalName: NodeJS.Signals) {
    super('retryable', `stopped by ${signalName}; what is committed is kept`, { advice: 'Run the same command again to go on from here.' });
    this.signalName = signalName;
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGUSR1'] as const;

export interface InterruptListener {
  readonly signal: AbortSignal;
  dispose(): void;
}

/** The first signal aborts, so that work under way can end cleanly; a second one ends the process at once. */
export function listenForInterrupt(): InterruptListener {
  const controller = new AbortController();
  const listen = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143);
    process.stderr.write(`\ntouchstone: ${name}: finishing the batch under way; the same signal again ends at once\n`);
    controller.abort(new Interrupted(name));
  };
  for (const name of SIGNALS) process.on(name, listen);
  return {
    signal: controller.signal,
    dispose() {
      for (const name of SIGNALS) process.off(name, listen);
    },
  };
}

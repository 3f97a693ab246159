import { TouchstoneError } from '../errors.js';

/** Why a command was stopped from outside. */
export class Interrupted extends TouchstoneError {
  readonly signalName: NodeJS.Signals;

  constructor(signalName: NodeJS.Signals, advice: string) {
    super('retryable', `stopped by ${signalName}; what is done is kept`, { advice });
    this.signalName = signalName;
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const;

export interface InterruptListener {
  readonly signal: AbortSignal;
  dispose(): void;
}

/** The first signal aborts, so that work under way can end cleanly; a second one ends the process at once. */
export function listenForInterrupt(advice = 'Run the same command again to go on from here.'): InterruptListener {
  const controller = new AbortController();
  const listen = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      endAtOnce(name);
      return;
    }
    process.stderr.write(`\ntouchstone: ${name}: finishing the batch under way; the same signal again ends at once\n`);
    controller.abort(new Interrupted(name, advice));
  };
  for (const name of SIGNALS) process.on(name, listen);
  return {
    signal: controller.signal,
    dispose() {
      for (const name of SIGNALS) process.off(name, listen);
    },
  };
}

/**
 * Ends the process by the signal's own default action. process.exit would tear the worker threads down, and a thread that is inside
 * the runtime would abort the process with a crash report.
 */
function endAtOnce(name: NodeJS.Signals): void {
  if (process.stderr.isTTY) process.stderr.write('\u001b[?25h'); // the progress bar had hidden the cursor
  for (const signal of SIGNALS) process.removeAllListeners(signal);
  process.kill(process.pid, name);
}

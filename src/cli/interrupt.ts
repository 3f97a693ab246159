import { spawn } from 'node:child_process';
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

/** Before a command listens, and in commands that do not, there is nothing to end cleanly; the exit code is the same. */
function endEarly(name: NodeJS.Signals): void {
  process.stderr.write(`touchstone: stopped by ${name}\n`);
  process.exit(name === 'SIGINT' ? 130 : 75);
}

/** From here on no signal ends the process by default, or starts a debugger as SIGUSR1 does; `listenForInterrupt` takes over. */
export function catchEarlySignals(): void {
  for (const name of SIGNALS) process.on(name, endEarly);
}

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
  for (const name of SIGNALS) process.off(name, endEarly).on(name, listen);
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

/** A thread that hangs in native code cannot be ended, and a normal exit waits for it: after this long the process is killed. */
const HUNG_EXIT_SECONDS = 5;

/** Ends the process with this code although a thread hangs. If that takes too long it is killed, by a process of its own since nothing runs here any more. */
export function exitDespiteHungThread(code: number): void {
  spawn('/bin/sh', ['-c', `sleep ${HUNG_EXIT_SECONDS}; kill -9 ${process.pid} 2>/dev/null`], { detached: true, stdio: 'ignore' }).unref();
  process.exit(code);
}

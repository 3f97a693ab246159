import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf, TouchstoneError } from '../errors.js';
import { RunFolderError } from '../run/io-error.js';
import { AllDevicesLost, DeviceLost } from '../runtime/device-faults.js';
import { HungWorker } from '../runtime/hung-worker.js';

/** A unit that has been given up: it failed at every attempt, and the others can go on. */
export interface GivenUp {
  readonly attempts: number;
  /** The error of the last attempt. */
  readonly error: unknown;
}

export interface Attempts<T> {
  /** Attempts in all. */
  readonly most: number;
  readonly attempt: () => Promise<T>;
  /** What another process has made of the unit meanwhile. */
  readonly doneByOthers: () => Promise<T | undefined>;
  /** Called after each attempt that failed, counted from 1. */
  readonly onFailed: (attempt: number, error: unknown) => void;
  /** Called where an attempt failed because a device broke. */
  readonly onDeviceLost: (error: DeviceLost) => void;
  readonly signal: AbortSignal;
  /** Before the second attempt; doubles with each. */
  readonly firstPauseMs: number;
}

/**
 * Tries a unit until it succeeds or has been tried often enough. What is no unit's fault (see faultOf) is thrown: at once, or, where it may pass by
 * itself, after the last attempt. An attempt that failed because a device broke does not count: the unit is not to blame, and as each device is lost once only, this
 * cannot go on for ever.
 */
export async function attemptUnit<T>({ most, attempt, doneByOthers, onFailed, onDeviceLost, signal, firstPauseMs }: Attempts<T>): Promise<{ readonly done: T } | GivenUp> {
  for (let tried = 1; ; ) {
    try {
      return { done: await attempt() };
    } catch (error) {
      if (error instanceof DeviceLost && !signal.aborted) {
        onDeviceLost(error);
        continue;
      }
      const fault = faultOf(error);
      if (signal.aborted || fault === 'run') throw error;
      // Where the folder failed, a record in it may be this attempt's own, with a name that never became durable.
      const done = fault === 'folder' ? undefined : await doneByOthers();
      if (done !== undefined) return { done };
      onFailed(tried, error);
      if (tried === most && fault === 'folder') throw error;
      if (tried === most) return { attempts: tried, error };
      await sleep(firstPauseMs * 2 ** (tried - 1), undefined, { signal }).catch(() => undefined);
      signal.throwIfAborted();
      tried++;
    }
  }
}

/**
 * Whose fault an error is. 'unit': reading it, computing it, or a bug it has brought to light. 'folder': the file system of the run folder, in a way
 * that may pass. 'run': everything else, such as a full disk, an input that changed, a setting that does not fit, the last device lost.
 */
export function faultOf(error: unknown): 'unit' | 'folder' | 'run' {
  if (error instanceof RunFolderError) return error.kind === 'retryable' ? 'folder' : 'run';
  if (error instanceof HungWorker || error instanceof AllDevicesLost) return 'run';
  if (error instanceof TouchstoneError) return error.kind !== 'retryable' && error.kind !== 'internal' ? 'run' : 'unit';
  return errnoOf(error)?.startsWith('E') === true ? 'run' : 'unit';
}

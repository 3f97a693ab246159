import { describe, expect, it } from 'vitest';
import { TouchstoneError } from '../../src/errors.js';
import { ioError } from '../../src/run/io-error.js';
import { AllDevicesLost, DeviceLost } from '../../src/runtime/device-faults.js';
import { attemptUnit, faultOf, type Attempts } from '../../src/scoring/unit-attempts.js';

const systemError = (code: string): Error => Object.assign(new Error(code), { code });
const lostWorker = new TouchstoneError('retryable', 'the worker is lost');
const failingFolder = ioError('sync the folder', 'run/commits', systemError('EIO'));

/** Attempts that fail with these errors in turn, and then succeed; `log` says what was done. */
function attempts(errors: readonly Error[], log: string[], others?: string): Attempts<string> {
  let tried = 0;
  return {
    most: 3,
    attempt: () => {
      log.push('attempt');
      const error = errors[tried++];
      return error === undefined ? Promise.resolve('mine') : Promise.reject(error);
    },
    doneByOthers: () => {
      log.push('looked');
      return Promise.resolve(others);
    },
    onFailed: (attempt) => log.push(`failed ${attempt}`),
    onDeviceLost: ({ message }) => log.push(message),
    signal: new AbortController().signal,
    firstPauseMs: 1,
  };
}

describe('a unit', () => {
  it('is tried again where its worker is lost', async () => {
    const log: string[] = [];
    expect(await attemptUnit(attempts([lostWorker], log))).toEqual({ done: 'mine' });
    expect(log).toEqual(['attempt', 'looked', 'failed 1', 'attempt']);
  });

  it('is given up after the last attempt, with its last error', async () => {
    const log: string[] = [];
    expect(await attemptUnit(attempts([lostWorker, lostWorker, lostWorker], log))).toEqual({ attempts: 3, error: lostWorker });
    expect(log.filter((entry) => entry === 'attempt')).toHaveLength(3);
  });

  it('is tried again where a device is lost, which costs it none of its attempts', async () => {
    const log: string[] = [];
    const lost = (id: number): DeviceLost => new DeviceLost({ kind: 'cuda', id }, 'CUDA failure 719');
    expect(await attemptUnit(attempts([lostWorker, lost(0), lost(1), lost(2), lostWorker], log))).toEqual({ done: 'mine' });
    expect(log.filter((entry) => entry !== 'attempt' && entry !== 'looked')).toEqual(['failed 1', 'cuda:0 is lost: CUDA failure 719', 'cuda:1 is lost: CUDA failure 719', 'cuda:2 is lost: CUDA failure 719', 'failed 2']);
  });

  it('is done where another process has committed it meanwhile', async () => {
    expect(await attemptUnit(attempts([lostWorker], [], 'theirs'))).toEqual({ done: 'theirs' });
  });

  it('is not done by the record of an attempt whose folder could not be synced: it is tried again, which syncs it', async () => {
    const log: string[] = [];
    expect(await attemptUnit(attempts([failingFolder], log, 'a record that may not be durable'))).toEqual({ done: 'mine' });
    expect(log).toEqual(['attempt', 'failed 1', 'attempt']);
  });

  it('is not blamed for a folder that keeps failing: the error ends the command', async () => {
    await expect(attemptUnit(attempts([failingFolder, failingFolder, failingFolder], []))).rejects.toBe(failingFolder);
  });

  it.each(['ENOSPC', 'EROFS', 'EFBIG'])('is not tried again at %s', async (code) => {
    const log: string[] = [];
    const error = ioError('write', 'run/shards', systemError(code));
    await expect(attemptUnit(attempts([error], log))).rejects.toBe(error);
    expect(log).toEqual(['attempt']);
  });
});

describe('a fault', () => {
  it.each<[unknown, string]>([
    [new Error('a bug'), 'unit'],
    [lostWorker, 'unit'],
    [failingFolder, 'folder'],
    [new TouchstoneError('mismatch', 'another corpus'), 'run'],
    [systemError('EACCES'), 'run'],
    [new AllDevicesLost([{ device: { kind: 'cuda', id: 0 }, reason: 'CUDA failure 719' }]), 'run'],
  ])('of %s is one of %s', (error, whose) => {
    expect(faultOf(error)).toBe(whose);
  });
});

import { spawnSync } from 'node:child_process';
import { userInfo } from 'node:os';
import type { Random } from '../../src/math/random.js';
import type { Bench } from './bench.js';
import type { Tally } from './tally.js';

/** Faults of one kind, injected one after the other. */
export type Family = (suite: Suite) => Promise<void>;

export interface Suite {
  readonly bench: Bench;
  readonly tally: Tally;
  readonly random: Random;
  /** Thousands of faults instead of some dozens. */
  readonly long: boolean;
}

/** Whether a program is there and may do its work here. */
export function works(program: string, ...args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

/** Whether strace may trace a process here; containers often forbid it. */
export const straceWorks = (): boolean => works('strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=fsync', 'true');

export const isRoot = (): boolean => process.platform === 'linux' && userInfo().uid === 0;

/**
 * strace that injects a fault into a system call, on every thread, or into those calls that are about one file; libuv has one thread for files, so that counts are the order of the program: strace counts
 * for each thread. (With --seccomp-bpf strace 6.1 counts only to one.)
 */
export function injecting(call: string, fault: string, path?: string): { readonly under: readonly string[]; readonly environment: Readonly<Record<string, string>> } {
  const about = path === undefined ? [] : ['-P', path];
  const under = ['strace', '-f', '-qq', '-o', '/dev/null', ...about, '-e', `trace=${call}`, '-e', `inject=${call}:${fault}`];
  return { under, environment: { UV_THREADPOOL_SIZE: '1' } };
}

import { join } from 'node:path';
import { messageOf, TouchstoneError } from '../errors.js';
import type { Commit } from '../run/commits.js';
import { hashFile } from '../run/file-hash.js';
import type { Plan } from '../run/plan.js';
import { quarantineRecords } from '../run/quarantine-file.js';
import { READ_AGAIN, REMOVE_AND_SCORE, type Problem } from './problem.js';
import { shardFaults } from './verify-shard.js';

export interface VerifiedUnit {
  readonly problems: readonly Problem[];
  /** Files that were hashed, and their bytes. */
  readonly files: number;
  readonly bytes: number;
}

/** Hashes the files of a committed unit and checks what they hold against its commit record and the plan. */
export async function verifyUnit(run: string, commit: Commit, plan: Plan, signal: AbortSignal | undefined): Promise<VerifiedUnit> {
  const files = commit.quarantine === null ? [commit.shard] : [commit.shard, commit.quarantine];
  const problems: Problem[] = [];
  let bytes = 0;
  for (const file of files) {
    const path = join(run, file.path);
    const problem = (message: string, advice = REMOVE_AND_SCORE): void => void problems.push({ file: file.path, message: withoutSubject(message, path), advice });
    try {
      const hashed = await hashFile(path, signal);
      bytes += hashed.bytes;
      if (hashed.sha256 !== file.sha256) problem(`sha256 must be ${file.sha256} as its commit record says, it is ${hashed.sha256}`);
      const faults = file === commit.shard ? await shardFaults(path, commit, plan) : await quarantineFaults(run, file.path, commit);
      for (const fault of faults) problem(fault);
    } catch (error) {
      signal?.throwIfAborted();
      problem(messageOf(error), mayPass(error) ? READ_AGAIN : REMOVE_AND_SCORE);
    }
  }
  return { problems, files: files.length, bytes };
}

/** Errors begin with the file they are about, which a problem names by itself. */
function withoutSubject(message: string, path: string): string {
  return message.startsWith(path) ? message.slice(path.length).replace(/^[:,]? /, '') : message;
}

const mayPass = (error: unknown): boolean => error instanceof TouchstoneError && error.kind === 'retryable';

/** Throws a retryable error where the file could not be read and may be whole. */
async function quarantineFaults(run: string, path: string, { documents }: Commit): Promise<string[]> {
  const found = { quarantined: 0, skipped: 0 };
  try {
    for await (const { kind } of quarantineRecords(run, path)) found[kind]++;
  } catch (error) {
    if (mayPass(error)) throw error;
    return [messageOf(error)];
  }
  return (['quarantined', 'skipped'] as const)
    .filter((kind) => found[kind] !== documents[kind])
    .map((kind) => `it must list ${documents[kind]} ${kind} documents as its commit record says, it lists ${found[kind]}`);
}

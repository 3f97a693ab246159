import { join } from 'node:path';
import { messageOf } from '../errors.js';
import type { Commit, RunFile } from '../run/commits.js';
import { hashFile } from '../run/file-hash.js';
import type { Plan } from '../run/plan.js';
import { quarantineRecords } from '../run/quarantine-file.js';
import { REMOVE_AND_SCORE, type Problem } from './problem.js';
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
    const hashed = await hashProblem(run, file, signal);
    bytes += hashed.bytes;
    const faults = file === commit.shard ? await shardFaults(join(run, file.path), commit, plan) : await quarantineFaults(run, file.path, commit);
    problems.push(...[...hashed.faults, ...faults].map((fault) => ({ file: file.path, message: withoutSubject(fault, join(run, file.path)), advice: REMOVE_AND_SCORE })));
  }
  return { problems, files: files.length, bytes };
}

/** Errors begin with the file they are about, which a problem names by itself. */
function withoutSubject(message: string, path: string): string {
  return message.startsWith(path) ? message.slice(path.length).replace(/^[:,]? /, '') : message;
}

async function hashProblem(run: string, file: RunFile, signal: AbortSignal | undefined): Promise<{ readonly faults: readonly string[]; readonly bytes: number }> {
  try {
    const { sha256, bytes } = await hashFile(join(run, file.path), signal);
    return { faults: sha256 === file.sha256 ? [] : [`sha256 must be ${file.sha256} as its commit record says, it is ${sha256}`], bytes };
  } catch (error) {
    signal?.throwIfAborted();
    return { faults: [messageOf(error)], bytes: 0 };
  }
}

async function quarantineFaults(run: string, path: string, { documents }: Commit): Promise<string[]> {
  const found = { quarantined: 0, skipped: 0 };
  try {
    for await (const { kind } of quarantineRecords(run, path)) found[kind]++;
  } catch (error) {
    return [messageOf(error)];
  }
  return (['quarantined', 'skipped'] as const)
    .filter((kind) => found[kind] !== documents[kind])
    .map((kind) => `it must list ${documents[kind]} ${kind} documents as its commit record says, it lists ${found[kind]}`);
}

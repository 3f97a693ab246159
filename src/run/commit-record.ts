import { z } from 'zod';

import type { DeviceRecord } from '../records.js';
import { deviceRecord } from './device-record.js';
import { count, sha256Hex } from './json-record.js';
import { quarantineName, shardName } from './layout.js';

/** A file of the run folder that a record vouches for. */
export interface RunFile {
  /** Relative to the run folder, forward slashes. */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** What became of the documents of a unit, or of a run: read = scored + quarantined + skipped. */
export interface DocumentCounts {
  readonly read: number;
  readonly scored: number;
  readonly quarantined: number;
  readonly skipped: number;
}

/** The record that makes a unit done. Times and hosts are allowed here and nowhere else in a run folder. */
export interface Commit {
  readonly formatVersion: 1;
  readonly unit: number;
  readonly planHash: string;
  readonly shard: RunFile;
  /** null where no document was left out. */
  readonly quarantine: RunFile | null;
  readonly rows: number;
  readonly tokens: number;
  /** Tokens with a finite loss. */
  readonly scored: number;
  /** Tokens the model gave no finite loss for; stored as NaN. */
  readonly nonfinite: number;
  /** Sum of the finite losses in nats, in row order. */
  readonly lossSum: number;
  readonly documents: DocumentCounts;
  /** Token positions the model computed, padding included. */
  readonly computedTokens: number;
  /** Of these, padding. */
  readonly paddedTokens: number;
  /** What computed its losses, each device once; none where all of them were copied from earlier runs. */
  readonly devices: readonly DeviceRecord[];
  /** What was copied from earlier runs instead of being computed; absent where none were given. Shard and manifest do not depend on it. */
  readonly reused?: { readonly documents: number; readonly tokens: number };
  readonly seconds: number;
  readonly host?: string;
  /** ISO 8601, UTC. */
  readonly finishedAt: string;
}

const runFile = z.strictObject({ path: z.string(), sha256: sha256Hex, bytes: count });
export const documentCounts = z.strictObject({ read: count, scored: count, quarantined: count, skipped: count });

export const commitSchema: z.ZodType<Commit> = z.strictObject({
  formatVersion: z.literal(1),
  unit: count,
  planHash: sha256Hex,
  shard: runFile,
  quarantine: runFile.nullable(),
  rows: count,
  tokens: count,
  scored: count,
  nonfinite: count,
  lossSum: z.number(),
  documents: documentCounts,
  computedTokens: count,
  paddedTokens: count,
  devices: z.array(deviceRecord),
  reused: z.strictObject({ documents: count, tokens: count }).exactOptional(),
  seconds: z.number().min(0),
  host: z.string().exactOptional(),
  finishedAt: z.iso.datetime(),
});

/** What is inconsistent in a record by itself, as a sentence; undefined where its accounts hold. */
export function accountingFault(commit: Commit): string | undefined {
  const { unit, documents: docs, quarantine } = commit;
  const leftOut = docs.quarantined + docs.skipped;
  if (docs.read !== docs.scored + leftOut) {
    return `documents read must be scored + quarantined + skipped, got ${docs.read} = ${docs.scored} + ${docs.quarantined} + ${docs.skipped}`;
  }
  if (commit.scored + commit.nonfinite > commit.tokens) {
    return `scored + nonfinite must be at most tokens, got ${commit.scored} + ${commit.nonfinite} of ${commit.tokens}`;
  }
  if (commit.paddedTokens > commit.computedTokens) {
    return `paddedTokens must be at most computedTokens, got ${commit.paddedTokens} of ${commit.computedTokens}`;
  }
  const { reused } = commit;
  if (reused !== undefined && (reused.documents > docs.scored || reused.tokens > commit.tokens)) {
    return `reused must be at most what was scored, got ${reused.documents} of ${docs.scored} documents and ${reused.tokens} of ${commit.tokens} tokens`;
  }
  if (commit.shard.path !== shardName(unit)) return `shard.path must be ${shardName(unit)}, got ${commit.shard.path}`;
  if (quarantine !== null && quarantine.path !== quarantineName(unit)) return `quarantine.path must be ${quarantineName(unit)}, got ${quarantine.path}`;
  if ((quarantine === null) !== (leftOut === 0)) {
    return `there must be a quarantine file exactly where documents were left out, got ${leftOut} of them and ${quarantine === null ? 'no file' : quarantine.path}`;
  }
  return undefined;
}

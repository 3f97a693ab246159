import { z } from 'zod';

import type { Precision } from '../records.js';
import { calibrationSchema, type Calibration } from './calibration-record.js';
import { documentCounts, type DocumentCounts, type RunFile } from './commit-record.js';
import { usedDevice, type UsedDevice } from './device-record.js';
import { count, sha256Hex } from './json-record.js';
import { quarantineName, shardName } from './layout.js';

/** A shard of a finished run. */
export interface ManifestShard extends RunFile {
  readonly unit: number;
  readonly rows: number;
  readonly tokens: number;
  /** Tokens with a finite loss. */
  readonly scored: number;
  readonly nonfinite: number;
  /** Sum of the finite losses in nats, in row order. */
  readonly lossSum: number;
}

export interface ManifestQuarantine extends RunFile {
  readonly unit: number;
}

/** Document ids that occur more than once in a run: reported, never merged. */
export interface DuplicateIds {
  /** Rows whose id an earlier row has. */
  readonly count: number;
  /** Some of the ids, sorted by UTF-16 code units. */
  readonly examples: readonly string[];
}

/**
 * What a finished run holds; readers trust it and never list folders. No times, hosts or attempts: a run on CPUs that was interrupted and resumed has the
 * same bytes as one that was not. On CUDA it names the cards, which may be others every time.
 */
export interface Manifest {
  readonly formatVersion: 1;
  readonly planHash: string;
  readonly modelHash: string;
  readonly tokenizerHash: string;
  readonly conventions: {
    /** Entry t of a per-token column is about token t, not about the one it predicts. */
    readonly alignment: 'target-indexed';
    readonly unit: 'nats';
    readonly notScored: 'NaN';
    readonly lossPrecision: 'exact' | 'grid11';
    readonly layout: 'document' | 'packed';
  };
  readonly computation: {
    readonly precision: Precision;
    /** CPUs are not told apart, so that their manifests do not depend on who computed what. Units without a device were copied from earlier runs. */
    readonly devices: readonly UsedDevice[];
    /** How far its losses are from those of float32, which has none. */
    readonly calibration?: Calibration;
  };
  /** Sums over `shards`, added in unit order. */
  readonly totals: {
    readonly units: number;
    readonly bytes: number;
    readonly rows: number;
    readonly tokens: number;
    readonly scored: number;
    readonly nonfinite: number;
    readonly lossSum: number;
  };
  readonly documents: DocumentCounts;
  readonly duplicateIds: DuplicateIds;
  /** By unit, without gaps. */
  readonly shards: readonly ManifestShard[];
  /** Units that left documents out, by unit. */
  readonly quarantine: readonly ManifestQuarantine[];
}

const sums = { bytes: count, rows: count, tokens: count, scored: count, nonfinite: count, lossSum: z.number() };

export const manifestSchema: z.ZodType<Manifest> = z
  .strictObject({
    formatVersion: z.literal(1),
    planHash: sha256Hex,
    modelHash: sha256Hex,
    tokenizerHash: sha256Hex,
    conventions: z.strictObject({
      alignment: z.literal('target-indexed'),
      unit: z.literal('nats'),
      notScored: z.literal('NaN'),
      lossPrecision: z.enum(['exact', 'grid11']),
      layout: z.enum(['document', 'packed']),
    }),
    computation: z.strictObject({ precision: z.enum(['float32', 'float16', 'int8']), devices: z.array(usedDevice), calibration: calibrationSchema.exactOptional() }),
    totals: z.strictObject({ units: count, ...sums }),
    documents: documentCounts,
    duplicateIds: z.strictObject({ count, examples: z.array(z.string()) }),
    shards: z.array(z.strictObject({ unit: count, path: z.string(), sha256: sha256Hex, ...sums })),
    quarantine: z.array(z.strictObject({ unit: count, path: z.string(), sha256: sha256Hex, bytes: count })),
  })
  .superRefine((manifest, context) => {
    const expect = (holds: boolean, path: (string | number)[], message: string): void => {
      if (!holds) context.addIssue({ code: 'custom', path, message });
    };
    manifest.shards.forEach((shard, position) => {
      expect(shard.unit === position, ['shards', position, 'unit'], `expected ${position}, got ${shard.unit}`);
      // A path of any other form could lead out of the run folder.
      expect(shard.path === shardName(shard.unit), ['shards', position, 'path'], `expected ${shardName(shard.unit)}, got ${shard.path}`);
    });
    manifest.quarantine.forEach((file, position) => {
      expect(file.path === quarantineName(file.unit), ['quarantine', position, 'path'], `expected ${quarantineName(file.unit)}, got ${file.path}`);
    });
    const { read, scored, quarantined, skipped } = manifest.documents;
    expect(read === scored + quarantined + skipped, ['documents'], 'expected read = scored + quarantined + skipped');
    expect(manifest.totals.units === manifest.shards.length, ['totals', 'units'], `expected ${manifest.shards.length}, the number of shards`);
  });

import { join } from 'node:path';
import { z } from 'zod';
import { TouchstoneError } from '../errors.js';
import { createFolder } from '../run/folder.js';
import { count, readRecord, sha256Hex } from '../run/json-record.js';
import { replaceFile } from '../run/replace-file.js';
import { sealRecord } from '../run/sealed-record.js';
import type { EvaluationIdentity } from './evaluation-identity.js';
import type { DataIdentity } from './prepare-training.js';
import type { RunSettings } from './run-settings.js';
import type { WrittenOptions } from './written-options.js';

/** Stands in the folder of a training run from before its first step. */
export const RUN_RECORD = 'training.json';

/** What a training run is, for whoever finds it: how it was asked for, with what it runs, on what it trains and is evaluated. A resumed run writes it anew. */
export interface RunRecord {
  readonly formatVersion: 1;
  readonly tool: { readonly name: string; readonly version: string; readonly onnxruntime: string; readonly node: string; readonly platform: string };
  /** "cpu", "cuda:0" */
  readonly device: string;
  /** Everything that decides a step, and its identity, as in the checkpoints. */
  readonly settings: RunSettings;
  readonly settingsHash: string;
  /** The resolved settings of the last command, as a settings file. */
  readonly options: WrittenOptions;
  readonly data: DataIdentity;
  /** By the names of run.evaluateOn, those of earlier commands included. */
  readonly evaluation: Readonly<Record<string, EvaluationIdentity>>;
}

const room = z.record(z.string(), z.unknown());

const schema: z.ZodType<RunRecord> = z.strictObject({
  formatVersion: z.literal(1),
  tool: z.strictObject({ name: z.string(), version: z.string(), onnxruntime: z.string(), node: z.string(), platform: z.string() }),
  device: z.string(),
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  settingsHash: sha256Hex,
  options: z.strictObject({ objective: room, model: room, tokenizer: room, data: room, batch: room, optimizer: room, selection: room, run: room, output: room }),
  data: z.union([
    z.strictObject({ kind: z.literal('scores'), path: z.string(), planHash: sha256Hex, modelHash: z.string(), tokenizerHash: z.string(), rows: count, tokens: count }),
    z.strictObject({ kind: z.literal('corpus'), paths: z.array(z.string()), sha256: sha256Hex }),
  ]),
  evaluation: z.record(z.string(), z.strictObject({ path: z.string(), sha256: sha256Hex, documents: count, tokens: count })),
});

/** The record of a folder; undefined where there is none. Throws an io error for one whose bytes are not those that were written. */
export async function readRunRecord(folder: string): Promise<RunRecord | undefined> {
  const path = join(folder, RUN_RECORD);
  const read = await readRecord(path, schema, 'sealed');
  if (read.kind === 'damaged') throw new TouchstoneError('io', `${path} cannot be used: ${read.problem}`, { advice: 'Restore it, or move it away to go on without it.' });
  return read.kind === 'missing' ? undefined : read.value;
}

export async function writeRunRecord(folder: string, record: RunRecord): Promise<void> {
  await createFolder(folder);
  await replaceFile(join(folder, RUN_RECORD), sealRecord(record));
}

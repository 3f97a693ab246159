import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { sha256Of } from '../../src/run/file-hash.js';
import { shardName } from '../../src/run/layout.js';
import { planHash, type Plan } from '../../src/run/plan.js';
import type { Commit } from '../../src/run/commits.js';

/** A fresh folder that is removed when the function is done. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'touchstone-run-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Every file below a folder, hidden ones too, relative and sorted. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

export function examplePlan(units = 3): Plan {
  return {
    formatVersion: 1,
    tool: { name: 'touchstone', version: '0.1.0', onnxruntime: '1.29.0' },
    model: {
      kind: 'huggingface',
      modelType: 'llama',
      location: '/models/tiny',
      precision: 'float32',
      device: 'cpu',
      vocabSize: 512,
      files: [
        { name: 'config.json', bytes: 700, sha256: sha256Of('config') },
        { name: 'model.safetensors', bytes: 90_000, sha256: sha256Of('weights') },
      ],
      hash: sha256Of('model'),
    },
    tokenizer: {
      location: '/models/tiny',
      library: 'tokenizers',
      libraryVersion: '0.23.2',
      vocabSize: 512,
      bosId: 1,
      eosId: 2,
      hash: sha256Of('tokenizer'),
    },
    windows: { layout: 'document', contextLength: 1024, stride: 512, bos: 'bos', bosId: 1, eosId: 2 },
    output: { stats: { entropy: false, top1: false, bytes: false }, lossPrecision: 'exact', rowGroupTokens: 1_000_000 },
    corpus: {
      textField: ['text'],
      idField: 'id',
      sourceField: 'source',
      maxLineBytes: 67_108_864,
      limitDocs: null,
      files: [
        { path: 'a.jsonl', location: '/corpus/a.jsonl', bytes: 300, sha256: sha256Of('a'), format: 'jsonl' },
        { path: 'b.parquet', location: '/corpus/b.parquet', bytes: 900, sha256: sha256Of('b'), format: 'parquet' },
      ],
      units: Array.from({ length: units }, (_, index) => ({
        index,
        slices: [{ file: 'a.jsonl', range: { kind: 'bytes' as const, start: index * 100, end: (index + 1) * 100 } }],
      })),
    },
  };
}

/** A commit whose shard ("shard N") is written beside it, without touching commits/. */
export async function exampleCommit(run: string, plan: Plan, unit: number, changes: Partial<Commit> = {}): Promise<Commit> {
  const shard = `shard ${unit}`;
  await writeFile(join(run, shardName(unit)), shard);
  return {
    formatVersion: 1,
    unit,
    planHash: planHash(plan),
    shard: { path: shardName(unit), sha256: sha256Of(shard), bytes: shard.length },
    quarantine: null,
    rows: 10,
    tokens: 1000,
    scored: 985,
    nonfinite: 5,
    lossSum: 0.1 * (unit + 1),
    documents: { read: 10, scored: 10, quarantined: 0, skipped: 0 },
    computedTokens: 1100,
    paddedTokens: 60,
    devices: [{ kind: 'cpu' }],
    seconds: 1.5,
    host: 'node-1',
    finishedAt: '2026-11-20T03:00:00.000Z',
    ...changes,
  };
}

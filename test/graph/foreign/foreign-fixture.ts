import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type ModelProto } from 'onnx-buf';
import { attachLossHead, type AttachOptions, type ForeignScoringModel } from '../../../src/graph/foreign/attach-loss-head.js';
import type { Tensors } from '../../../src/runtime/protocol.js';
import { openSession, type Session } from '../../../src/runtime/session.js';

/** What onnxruntime's Python binding says about an exported model; see scripts/oracles. Entry t is about tokenIds[t], entry 0 is null. */
export interface Expected {
  readonly vocabSize: number;
  readonly opset: number;
  /** Present where the logits are float16. */
  readonly float16LogitsMoveLossBy?: number;
  readonly sequences: readonly {
    readonly tokenIds: readonly number[];
    readonly lossNats: readonly (number | null)[];
    readonly entropyNats: readonly (number | null)[];
    readonly top1: readonly (boolean | null)[];
  }[];
}

const ROOT = fileURLToPath(new URL('../../fixtures/foreign/', import.meta.url));

export const CASES = readdirSync(ROOT).sort();

export function folderOf(name: string): string {
  return `${ROOT}${name}`;
}

export function modelBytes(name: string): Uint8Array {
  return readFileSync(`${ROOT}${name}/model.onnx`);
}

export function expectedOf(name: string): Expected {
  return JSON.parse(readFileSync(`${ROOT}${name}/expected.json`, 'utf8')) as Expected;
}

/** The model's bytes with something about it changed. */
export function editModel(bytes: Uint8Array, edit: (model: ModelProto) => void): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  edit(model);
  return toBinary(ModelProtoSchema, model);
}

export const ALL_STATS = { entropy: true, top1: true };

export function attach(name: string, options: Partial<AttachOptions> = {}): Promise<ForeignScoringModel> {
  return attachLossHead(modelBytes(name), { stats: ALL_STATS, ...options });
}

export function open(model: Uint8Array, weightsFolder: string | null = null): Promise<Session> {
  return openSession({ device: { kind: 'cpu' }, model, weightsFolder, threads: 1, spin: false });
}

/** The feeds that score every token but the first of each sequence, all padded on the right with `padding` to `length`, in chunks of `chunkRows` rows, as few as hold them. */
export function feedsFor(sequences: readonly (readonly number[])[], { length = 0, padding = 0, chunkRows = 7, chunks: wanted }: { length?: number; padding?: number; chunkRows?: number; chunks?: number } = {}): Tensors {
  const steps = Math.max(length, ...sequences.map((ids) => ids.length));
  const inputIds = new Int32Array(sequences.length * steps).fill(padding);
  const rows: number[] = [];
  const targets: number[] = [];
  sequences.forEach((ids, at) => {
    inputIds.set(ids, at * steps);
    ids.slice(1).forEach((target, position) => {
      rows.push(at * steps + position);
      targets.push(target);
    });
  });
  const chunks = wanted ?? Math.ceil(rows.length / chunkRows);
  const dims = [chunks, chunkRows];
  const padded = (values: readonly number[]): Int32Array => {
    const data = new Int32Array(chunks * chunkRows);
    data.set(values);
    return data;
  };
  return {
    input_ids: { dtype: 'int32', dims: [sequences.length, steps], data: inputIds },
    rows: { dtype: 'int32', dims, data: padded(rows) },
    targets: { dtype: 'int32', dims, data: padded(targets) },
  };
}

/** Losses (and entropies, top-1 flags) of all scored tokens, sequence after sequence. */
export interface Scores {
  readonly loss: Float32Array;
  readonly entropy: Float32Array;
  readonly top1: readonly boolean[];
}

export async function score(session: Session, sequences: readonly (readonly number[])[], options: Parameters<typeof feedsFor>[1] = {}): Promise<Scores> {
  const scored = sequences.reduce((sum, ids) => sum + ids.length - 1, 0);
  const { loss, entropy, top1 } = await session.run(feedsFor(sequences, options));
  return {
    loss: (loss!.data as Float32Array).slice(0, scored),
    entropy: (entropy!.data as Float32Array).slice(0, scored),
    top1: Array.from(top1!.data as Uint8Array, (flag) => flag === 1).slice(0, scored),
  };
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
  }
  return largest;
}

import { z } from 'zod';

import type { DeviceKind, Precision } from '../records.js';
import { canonicalJson } from './canonical-json.js';
import { sha256Of } from './file-hash.js';
import { count, sha256Hex } from './json-record.js';

/** A file of the corpus as it was when the run was planned. */
export interface PlanFile {
  /** The file's name in the run: forward slashes, relative to what was asked for. */
  readonly path: string;
  /** Where it was found; not part of the plan's identity. */
  readonly location: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly format: string;
}

/** Half-open: bytes or row groups from `start` up to, not including, `end`. */
export type SliceRange =
  | { readonly kind: 'bytes'; readonly start: number; readonly end: number }
  | { readonly kind: 'rowGroups'; readonly start: number; readonly end: number }
  | { readonly kind: 'whole' };

/** A part of one file; `file` is the path of an entry of corpus.files. */
export interface PlanSlice {
  readonly file: string;
  readonly range: SliceRange;
}

/** The slice of the input that becomes one shard. `index` is the unit's position in corpus.units. */
export interface PlanUnit {
  readonly index: number;
  readonly slices: readonly PlanSlice[];
  /** Only the first so many documents of the slices; absent = all. */
  readonly limitDocs?: number;
}

/** Everything that decides what a run's shards hold, frozen before the first of them is written. */
export interface Plan {
  readonly formatVersion: 1;
  /** Versions of this program and of the runtime that computes the losses. */
  readonly tool: { readonly name: string; readonly version: string; readonly onnxruntime: string };
  readonly model: {
    readonly kind: 'huggingface' | 'onnx';
    readonly modelType: string;
    readonly location: string;
    readonly precision: Precision;
    readonly device: DeviceKind;
    readonly vocabSize: number;
    readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
    readonly hash: string;
  };
  readonly tokenizer: {
    readonly location: string;
    readonly library: string;
    readonly libraryVersion: string;
    readonly vocabSize: number;
    readonly bosId: number | null;
    readonly eosId: number | null;
    readonly hash: string;
  };
  readonly windows: {
    readonly layout: 'document' | 'packed';
    /** Tokens; a BOS prefix counts. */
    readonly contextLength: number;
    /** Tokens a window moves on. */
    readonly stride: number;
    readonly bos: 'none' | 'bos' | 'eos-as-bos';
    readonly bosId: number | null;
    readonly eosId: number | null;
  };
  readonly output: {
    readonly stats: { readonly entropy: boolean; readonly top1: boolean; readonly bytes: boolean };
    readonly lossPrecision: 'exact' | 'grid11';
    readonly rowGroupTokens: number;
  };
  readonly corpus: {
    readonly textField: readonly string[];
    readonly idField: string;
    readonly sourceField: string;
    readonly maxLineBytes: number;
    /** null = all documents. */
    readonly limitDocs: number | null;
    readonly files: readonly PlanFile[];
    readonly units: readonly PlanUnit[];
  };
}

const tokenId = z.int().min(0).nullable();
const range = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('bytes'), start: count, end: count }),
    z.strictObject({ kind: z.literal('rowGroups'), start: count, end: count }),
    z.strictObject({ kind: z.literal('whole') }),
  ])
  .refine((value) => value.kind === 'whole' || value.start <= value.end, 'expected start <= end');

/** Key order is the order in which two plans are compared: causes before consequences. */
export const planSchema: z.ZodType<Plan> = z
  .strictObject({
    formatVersion: z.literal(1),
    tool: z.strictObject({ name: z.string(), version: z.string(), onnxruntime: z.string() }),
    model: z.strictObject({
      kind: z.enum(['huggingface', 'onnx']),
      modelType: z.string(),
      location: z.string(),
      device: z.enum(['cpu', 'cuda']),
      precision: z.enum(['float32', 'float16', 'int8']),
      vocabSize: z.int().min(1),
      files: z.array(z.strictObject({ name: z.string(), bytes: count, sha256: sha256Hex })),
      hash: sha256Hex,
    }),
    tokenizer: z.strictObject({
      location: z.string(),
      library: z.string(),
      libraryVersion: z.string(),
      vocabSize: z.int().min(1),
      bosId: tokenId,
      eosId: tokenId,
      hash: sha256Hex,
    }),
    windows: z.strictObject({
      layout: z.enum(['document', 'packed']),
      contextLength: z.int().min(1),
      stride: z.int().min(1),
      bos: z.enum(['none', 'bos', 'eos-as-bos']),
      bosId: tokenId,
      eosId: tokenId,
    }),
    output: z.strictObject({
      stats: z.strictObject({ entropy: z.boolean(), top1: z.boolean(), bytes: z.boolean() }),
      lossPrecision: z.enum(['exact', 'grid11']),
      rowGroupTokens: z.int().min(1),
    }),
    corpus: z.strictObject({
      textField: z.array(z.string()).min(1),
      idField: z.string(),
      sourceField: z.string(),
      maxLineBytes: z.int().min(1),
      limitDocs: count.nullable(),
      files: z.array(z.strictObject({ path: z.string(), location: z.string(), bytes: count, sha256: sha256Hex, format: z.string() })),
      units: z.array(z.strictObject({ index: count, slices: z.array(z.strictObject({ file: z.string(), range })), limitDocs: count.exactOptional() })),
    }),
  })
  .superRefine((plan, context) => {
    const files = new Set(plan.corpus.files.map((file) => file.path));
    if (files.size !== plan.corpus.files.length) context.addIssue({ code: 'custom', path: ['corpus', 'files'], message: 'expected every path once' });
    plan.corpus.units.forEach((unit, position) => {
      const path = ['corpus', 'units', position];
      if (unit.index !== position) context.addIssue({ code: 'custom', path: [...path, 'index'], message: `expected ${position}, got ${unit.index}` });
      const stranger = unit.slices.find((slice) => !files.has(slice.file));
      if (stranger !== undefined) context.addIssue({ code: 'custom', path, message: `${stranger.file} is not in corpus.files` });
    });
  });

/** The plan without the places its inputs were found at: a corpus or model in another folder is the same plan, and a run folder can be moved. */
function withoutLocations(plan: Plan): unknown {
  return {
    ...plan,
    model: { ...plan.model, location: undefined },
    tokenizer: { ...plan.tokenizer, location: undefined },
    corpus: { ...plan.corpus, files: plan.corpus.files.map((file) => ({ ...file, location: undefined })) },
  };
}

/** A plan of 10,000 units takes 60 ms to hash, and every unit asks for it. */
const hashes = new WeakMap<Plan, string>();

/** The identity of a run: sha256 (lower-case hex) of the plan's canonical JSON without locations. A plan is hashed once: it must not change. */
export function planHash(plan: Plan): string {
  let hash = hashes.get(plan);
  if (hash === undefined) hashes.set(plan, (hash = sha256Of(canonicalJson(withoutLocations(plan)))));
  return hash;
}

/** The id put before a document as context, or null. */
export function prefixId({ windows: { bos, bosId, eosId } }: Pick<Plan, 'windows'>): number | null {
  return { none: null, bos: bosId, 'eos-as-bos': eosId }[bos];
}

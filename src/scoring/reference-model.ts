import { stat } from 'node:fs/promises';
import { errnoOf, messageOf, TouchstoneError } from '../errors.js';
import { encodeModel } from '../graph/encode.js';
import { buildScoringGraph } from '../graph/scoring-graph.js';
import type { HeadStats } from '../graph/layers/loss-head.js';
import { openCheckpoint } from '../model/checkpoint.js';
import { openExportedModel } from './exported-model.js';

/** A model that can give losses: a checkpoint we build the graph of, or an exported graph we attach the loss head to. */
export interface ReferenceModel {
  readonly kind: 'huggingface' | 'onnx';
  readonly modelType: string;
  readonly vocabSize: number;
  /** Longest sequence its positions allow; null = the file does not say. */
  readonly maxPositions: number | null;
  /** Folder in which its tokenizer.json is expected. */
  readonly folder: string;
  /** Everything that decides its numbers. */
  readonly files: readonly { readonly name: string; readonly path: string; readonly bytes: number }[];
  /** What a user should know about it; one sentence each. */
  readonly notes: readonly string[];
  /** @throws TouchstoneError if the weights do not fit the architecture */
  readonly graph: (contextLength: number) => ScoringGraph;
}

/** What a session is made from. */
export interface ScoringGraph {
  /** An ONNX ModelProto with the interface of buildScoringGraph. */
  readonly model: Uint8Array;
  /** Folder its external weights are in; null where it has none. */
  readonly weightsFolder: string | null;
}

/** @throws TouchstoneError if the path is neither a checkpoint folder nor an .onnx file, or the model is not supported */
export async function openReferenceModel(path: string, stats: HeadStats): Promise<ReferenceModel> {
  if (await isDirectory(path)) return await openCheckpointModel(path, stats);
  if (path.endsWith('.onnx')) return await openExportedModel(path, stats);
  throw new TouchstoneError('usage', `model.path must be a checkpoint folder or an .onnx file, got ${path}`);
}

async function openCheckpointModel(folder: string, stats: HeadStats): Promise<ReferenceModel> {
  const { spec, weights, weightsFolder, files, unknownKeys } = await openCheckpoint(folder);
  return {
    kind: 'huggingface',
    modelType: spec.modelType,
    vocabSize: spec.vocabSize,
    maxPositions: spec.maxPositions,
    folder,
    files,
    notes: unknownKeys.length === 0 ? [] : [`config.json has keys this program neither uses nor knows to be harmless: ${unknownKeys.join(', ')}`],
    graph: (contextLength) => ({ model: encodeModel(buildScoringGraph({ spec, weights, contextLength, stats })), weightsFolder }),
  };
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    const missing = errnoOf(error) === 'ENOENT';
    throw new TouchstoneError(missing ? 'usage' : 'io', missing ? `model.path does not exist: ${path}` : `cannot read model.path ${path}: ${messageOf(error)}`, { cause: error });
  }
}

import { stat } from 'node:fs/promises';
import { errnoOf, messageOf, TouchstoneError } from '../errors.js';
import { encodeModel } from '../graph/encode.js';
import { buildScoringGraph } from '../graph/scoring-graph.js';
import type { HeadStats } from '../graph/layers/loss-head.js';
import { openCheckpoint } from '../model/checkpoint.js';
import { openExportedModel } from './exported-model.js';
import { int8Weights } from './int8-weights.js';
import type { ReferenceModel } from './reference-model.js';

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
    graph: async (contextLength, numerics) => {
      const form = numerics.precision === 'int8' ? { int8Weights: await int8Weights() } : {};
      return { model: encodeModel(buildScoringGraph({ spec, weights, contextLength, stats, numerics, ...form })), weightsFolder };
    },
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

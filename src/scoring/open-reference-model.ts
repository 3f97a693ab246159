import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
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
    if (errnoOf(error) !== 'ENOENT') throw new TouchstoneError('io', `cannot read model.path ${path}: ${messageOf(error)}`, { cause: error });
    const hub = await hubName(path);
    if (hub === undefined) throw new TouchstoneError('usage', `model.path does not exist: ${path}`, { cause: error });
    throw new TouchstoneError('usage', `model.path does not exist: ${path}; if ${hub} is a name on the Hugging Face hub, it is not downloaded`, {
      cause: error,
      advice: `Fetch it with "hf download ${hub} --local-dir ${basename(hub)}", and name that folder with --model ${basename(hub)}.`,
    });
  }
}

/** "org/name" of a path that ends so in a folder without an org: what was meant is rather a name on the hub than a path. */
async function hubName(path: string): Promise<string | undefined> {
  const owner = dirname(path);
  const isThere = async (folder: string): Promise<boolean> => await stat(folder).then(() => true, () => false);
  const name = `${basename(owner)}/${basename(path)}`;
  return /^[\w.-]+\/[\w.-]+$/.test(name) && !(await isThere(owner)) && (await isThere(dirname(owner))) ? name : undefined;
}

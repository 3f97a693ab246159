import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { errnoOf, messageOf, TouchstoneError } from '../errors.js';
import { attachLossHead, type ForeignScoringModel } from '../graph/foreign/attach-loss-head.js';
import type { HeadStats } from '../graph/layers/loss-head.js';
import type { DeviceKind } from '../records.js';
import { int8Weights } from './int8-weights.js';
import type { ReferenceModel } from './reference-model.js';

const SATURATES =
  'This processor adds up products of 8-bit integers with saturation, as those without VNNI instructions do: where weights use all 8 bits, losses of this model differ from those of other processors.';

/**
 * An exported decoder: the loss head is attached by rewriting its graph in memory. Weights are read from where they are, the .onnx file
 * itself or its external data. config.json and tokenizer.json are looked for beside the file and in the folder above, where
 * transformers.js keeps them.
 */
export async function openExportedModel(path: string, stats: HeadStats): Promise<ReferenceModel> {
  const folder = dirname(path);
  const realPath = await real(path, path);
  const weightsFolder = dirname(realPath);
  const locate = async (location: string): Promise<string> => {
    const found = relative(weightsFolder, await real(join(folder, location), path)).split(sep).join('/');
    if (!found.startsWith('..')) return found;
    throw new TouchstoneError('io', `${path}: its external data ${location} is a link that leaves ${weightsFolder}, where the model's own file is`, {
      advice: 'Put the model and its data into one folder.',
    });
  };
  const attached = async (device: DeviceKind): Promise<ForeignScoringModel> =>
    attachLossHead(await readModel(realPath), { stats, device, subject: path, ownFile: basename(realPath), resolveLocation: locate });
  const { model, vocabSize, externalFiles, integerProducts, notes, name, producer } = await attached('cpu');

  const home = (await holds(folder, 'tokenizer.json')) ? folder : dirname(folder);
  const maxPositions = await positionsOf([folder, dirname(folder)]);
  const files = await Promise.all([...new Set([basename(realPath), ...externalFiles])].map(async (file) => {
    const filePath = join(weightsFolder, file);
    return { name: file === basename(realPath) ? basename(path) : file, path: filePath, bytes: (await stat(filePath)).size };
  }));
  return {
    kind: 'onnx',
    modelType: name === '' ? 'onnx' : `onnx (${name})`,
    vocabSize,
    maxPositions,
    folder: home,
    files,
    notes: [`exported by ${producer}`, ...notes, ...(integerProducts && (await int8Weights()) === 'unsigned' ? [SATURATES] : [])],
    graph: async (_, { device }) => ({ model: device === 'cpu' ? model : (await attached(device)).model, weightsFolder }),
  };
}

async function real(path: string, model: string): Promise<string> {
  return await realpath(path).catch((error: unknown) => {
    const reason = errnoOf(error) === 'ENOENT' ? 'it does not exist' : messageOf(error);
    throw new TouchstoneError('io', `${model} needs ${path}, which cannot be read: ${reason}`, { cause: error, advice: 'Fetch the model again, all files of it.' });
  });
}

async function readModel(path: string): Promise<Uint8Array> {
  return await readFile(path).catch((error: unknown) => {
    throw new TouchstoneError('io', `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  });
}

async function holds(folder: string, name: string): Promise<boolean> {
  return await stat(join(folder, name)).then((found) => found.isFile(), () => false);
}

/** Longest sequence that a config.json says; null where there is none, or it does not say. */
async function positionsOf(folders: readonly string[]): Promise<number | null> {
  for (const folder of folders) {
    const text = await readFile(join(folder, 'config.json'), 'utf8').catch(() => null);
    if (text === null) continue;
    const config = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const positions = config['max_position_embeddings'] ?? config['n_positions'];
    return typeof positions === 'number' ? positions : null;
  }
  return null;
}

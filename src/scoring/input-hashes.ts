import { TouchstoneError } from '../errors.js';
import type { CorpusFile } from '../corpus/corpus-file.js';
import { hashCheckpoint, type CheckpointHash } from '../model/hash-checkpoint.js';
import type { Plan, PlanFile } from '../run/plan.js';
import { hashFile } from '../stream/file-hash.js';
import type { ReferenceModel } from './reference-model.js';

/** What a plan says about the bytes of its inputs. */
export interface InputHashes {
  readonly model: CheckpointHash;
  readonly corpus: readonly PlanFile[];
}

export interface HashHooks {
  readonly signal: AbortSignal | undefined;
  /** Bytes hashed so far, and in all. */
  readonly onHashed: ((done: number, total: number) => void) | undefined;
}

/**
 * Reads the model and the corpus files from first to last byte. A corpus file for which `known` has an entry is not read: its hash is taken over.
 * @throws TouchstoneError ('io') where a file changes meanwhile
 */
export async function hashInputs(files: readonly CorpusFile[], model: ReferenceModel, known: ReadonlyMap<string, PlanFile>, { signal, onHashed }: HashHooks): Promise<InputHashes> {
  const unknown = files.filter(({ path }) => !known.has(path));
  const modelBytes = model.files.reduce((sum, file) => sum + file.bytes, 0);
  const total = unknown.reduce((sum, file) => sum + file.bytes, modelBytes);
  onHashed?.(0, total);
  const modelHash = await hashCheckpoint(model, signal);
  let done = modelBytes;
  onHashed?.(done, total);
  const corpus: PlanFile[] = [];
  for (const { path, location, bytes, format } of files) {
    const taken = known.get(path);
    if (taken !== undefined) {
      corpus.push({ path, location, bytes, sha256: taken.sha256, format });
      continue;
    }
    const hash = await hashFile(location, signal);
    if (hash.bytes !== bytes) {
      throw new TouchstoneError('io', `${location} had ${bytes} bytes when it was listed and ${hash.bytes} when it was hashed`, { advice: 'Start when nothing writes to the corpus any more.' });
    }
    corpus.push({ path, location, bytes, sha256: hash.sha256, format });
    onHashed?.((done += bytes), total);
  }
  return { model: modelHash, corpus };
}

/** No file has this hash: it stands for one that the frozen plan does not know. */
const UNKNOWN = '0'.repeat(64);

/**
 * The hashes as far as names and sizes tell: a file that the frozen plan has with the same size gets the hash it has there. A plan made with them
 * differs from the frozen one in whatever can be seen without reading the files.
 */
export function hashesBySize(files: readonly CorpusFile[], model: ReferenceModel, frozen: Plan): InputHashes {
  const models = new Map(frozen.model.files.map((file) => [file.name, file]));
  const sameModel = model.files.length === models.size && model.files.every(({ name, bytes }) => models.get(name)?.bytes === bytes);
  const corpora = new Map(frozen.corpus.files.map((file) => [file.path, file]));
  return {
    model: sameModel
      ? { sha256: frozen.model.hash, files: frozen.model.files }
      : {
          sha256: UNKNOWN,
          files: model.files.map(({ name, bytes }) => ({ name, bytes, sha256: models.get(name)?.bytes === bytes ? models.get(name)!.sha256 : UNKNOWN })).sort((a, b) => (a.name < b.name ? -1 : 1)),
        },
    corpus: files.map(({ path, location, bytes, format }) => {
      const known = corpora.get(path);
      return { path, location, bytes, sha256: known?.bytes === bytes ? known.sha256 : UNKNOWN, format };
    }),
  };
}

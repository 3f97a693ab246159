import { createHash } from 'node:crypto';
import { TouchstoneError } from '../errors.js';
import type { EvaluationSet } from './evaluate.js';

/** What a held-out set is: losses on two sets are about the same tokens where `sha256` is the same, wherever they were read from. */
export interface EvaluationIdentity {
  /** As run.evaluateOn named it. */
  readonly path: string;
  /** Of the token ids of its documents, in order. */
  readonly sha256: string;
  readonly documents: number;
  readonly tokens: number;
}

export function evaluationIdentity({ documents }: EvaluationSet, path: string): EvaluationIdentity {
  const hash = createHash('sha256');
  let tokens = 0;
  for (const { tokenIds, fillFrom = tokenIds.length } of documents) {
    hash.update(`${tokenIds.length} ${fillFrom}\n`).update(new Uint8Array(tokenIds.buffer, tokenIds.byteOffset, tokenIds.byteLength));
    tokens += tokenIds.length;
  }
  return { path, sha256: hash.digest('hex'), documents: documents.length, tokens };
}

export interface ContinuedEvaluation {
  readonly sets: Readonly<Record<string, EvaluationIdentity>>;
  /** What the user should know; one sentence each. */
  readonly notes: readonly string[];
}

/**
 * The held-out sets of a run that goes on: those it had, and new ones. Throws a mismatch where a set of a name is another
 * one now: the curve of its losses would go on with those of another text.
 */
export function continuedEvaluation(folder: string, then: Readonly<Record<string, EvaluationIdentity>>, now: Readonly<Record<string, EvaluationIdentity>>): ContinuedEvaluation {
  for (const [name, set] of Object.entries(now)) {
    const earlier = then[name];
    if (earlier === undefined || earlier.sha256 === set.sha256) continue;
    throw new TouchstoneError('mismatch', `run.evaluateOn.${name} was ${setText(earlier)} in the run of ${folder} and is ${setText(set)} in this command`, {
      advice: 'Restore the file, or give the other text another name: losses on it are then recorded beside the earlier ones.',
    });
  }
  const added = Object.keys(now).filter((name) => !(name in then));
  const left = Object.keys(then).filter((name) => !(name in now));
  return {
    sets: { ...then, ...now },
    notes: [
      ...added.map((name) => `run.evaluateOn.${name} is new: its losses begin at the step the run goes on from`),
      ...left.map((name) => `run.evaluateOn.${name} is not given any more: its losses end at the step the run goes on from`),
    ],
  };
}

/** "/data/test.jsonl (200 documents, 31,000 tokens, sha256 0123456789ab)" */
export function setText({ path, documents, tokens, sha256 }: EvaluationIdentity): string {
  return `${path} (${documents} documents, ${tokens} tokens, sha256 ${sha256.slice(0, 12)})`;
}

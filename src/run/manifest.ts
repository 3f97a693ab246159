import { readFile } from 'node:fs/promises';

import { TouchstoneError, errnoOf } from '../errors.js';
import { commitFile } from './atomic-file.js';
import type { Calibration } from './calibration-record.js';
import { canonicalJson } from './canonical-json.js';
import type { Commit, RunFile } from './commit-record.js';
import { pendingUnits } from './commits.js';
import { usedDevices } from './device-record.js';
import { fileSize, hashFile, sha256Of } from './file-hash.js';
import { ioError } from './io-error.js';
import { firstIssue, readRecord } from './json-record.js';
import { MANIFEST_NAME, PLAN_NAME, SUCCESS_NAME, manifestPath, successPath } from './layout.js';
import { manifestSchema, type DuplicateIds, type Manifest, type ManifestShard } from './manifest-record.js';
import { planHash, type Plan } from './plan-record.js';
import { setFileAside } from './set-aside.js';

export type { DuplicateIds, Manifest, ManifestQuarantine, ManifestShard } from './manifest-record.js';

/** Units that are named in an error; the rest is counted. */
const UNITS_NAMED = 10;

/**
 * The manifest of a complete run. Depends on nothing but the plan, what the shards hold, the CUDA devices that computed them, the calibration, and the duplicates (sorted here): sums are taken in unit
 * order, so no order of completion changes a bit. Throws a retryable error that names units without a commit.
 */
export function buildManifest(plan: Plan, committed: ReadonlyMap<number, Commit>, duplicateIds: DuplicateIds, calibration: Calibration | null): Manifest {
  const missing = pendingUnits(plan, committed);
  if (missing.length > 0) throw unitsMissing(missing, plan.corpus.units.length);
  const commits = plan.corpus.units.map((unit) => committed.get(unit.index)!);
  const shards = commits.map(
    ({ unit, shard, rows, tokens, scored, nonfinite, lossSum }): ManifestShard => ({ unit, ...shard, rows, tokens, scored, nonfinite, lossSum }),
  );
  const total = (value: (commit: Commit) => number): number => commits.reduce((sum, commit) => sum + value(commit), 0);
  return {
    formatVersion: 1,
    planHash: planHash(plan),
    modelHash: plan.model.hash,
    tokenizerHash: plan.tokenizer.hash,
    conventions: {
      alignment: 'target-indexed',
      unit: 'nats',
      notScored: 'NaN',
      lossPrecision: plan.output.lossPrecision,
      layout: plan.windows.layout,
    },
    computation: {
      precision: plan.model.precision,
      devices: plan.model.device === 'cpu' ? [{ kind: 'cpu', units: commits.length }] : usedDevices(commits),
      ...(calibration === null ? {} : { calibration }),
    },
    totals: {
      units: commits.length,
      bytes: total((commit) => commit.shard.bytes),
      rows: total((commit) => commit.rows),
      tokens: total((commit) => commit.tokens),
      scored: total((commit) => commit.scored),
      nonfinite: total((commit) => commit.nonfinite),
      lossSum: total((commit) => commit.lossSum),
    },
    documents: {
      read: total((commit) => commit.documents.read),
      scored: total((commit) => commit.documents.scored),
      quarantined: total((commit) => commit.documents.quarantined),
      skipped: total((commit) => commit.documents.skipped),
    },
    duplicateIds: { count: duplicateIds.count, examples: [...duplicateIds.examples].sort() },
    shards,
    quarantine: commits.flatMap(({ unit, quarantine }) => (quarantine === null ? [] : [{ unit, ...quarantine }])),
  };
}

export interface WrittenManifest extends RunFile {
  /** Where a manifest with other bytes was moved, relative to the run folder; undefined where there was none. */
  readonly earlier: string | undefined;
}

/**
 * Finishes a run: manifest.json, then _SUCCESS, which holds the manifest's sha256. Repeating it with the same manifest changes nothing. A manifest of
 * an attempt that was never finished, of a run that was opened again, or that no longer matches _SUCCESS, is moved aside; a finished run with another
 * manifest is refused.
 */
export async function writeManifest(run: string, manifest: Manifest): Promise<WrittenManifest> {
  const checked = manifestSchema.safeParse(manifest);
  if (!checked.success) throw new TouchstoneError('internal', `the manifest is not well-formed: ${firstIssue(checked.error)}`);
  const text = new TextEncoder().encode(`${canonicalJson(checked.data, 2)}\n`);
  let earlier: string | undefined;
  const { bytes, sha256 } = await commitFile(manifestPath(run), (sink) => sink(text), {
    onDifferent: async (existing) => {
      if ((await readSuccess(run)) === existing.sha256) throw finishedOtherwise(run, existing.sha256, sha256Of(text));
      earlier = await setFileAside(run, MANIFEST_NAME, async (moved) => (await hashFile(moved)).sha256 === existing.sha256);
    },
  });
  const seal = new TextEncoder().encode(`${sha256}\n`);
  await commitFile(successPath(run), (sink) => sink(seal), {
    onDifferent: async (existing) => {
      await setFileAside(run, SUCCESS_NAME, async (moved) => (await hashFile(moved)).sha256 === existing.sha256);
    },
  });
  return { path: MANIFEST_NAME, sha256, bytes, earlier };
}

/**
 * The manifest of a finished run. Throws where the run is not finished (usage), and where manifest.json or _SUCCESS is damaged or does not belong to
 * the other (io).
 */
export async function readManifest(run: string): Promise<Manifest> {
  const read = await readRecord(manifestPath(run), manifestSchema);
  const seal = await readSuccess(run);
  if (read.kind === 'missing' && seal === undefined) {
    throw new TouchstoneError('usage', `${run} is not a finished run: it has no ${MANIFEST_NAME}`, {
      advice: `If it has a ${PLAN_NAME}, finish it with the command that started it; else name the folder that was given to --out.`,
    });
  }
  const restore = 'Run the command that made this run again: it writes the manifest anew from the commit records.';
  if (read.kind === 'missing') throw new TouchstoneError('io', `${run} has ${SUCCESS_NAME} and no ${MANIFEST_NAME}: the run is damaged`, { advice: restore });
  if (read.kind === 'damaged') throw new TouchstoneError('io', `${manifestPath(run)} cannot be read as a manifest: ${read.problem}`, { advice: restore });
  if (seal === undefined) {
    throw new TouchstoneError('usage', `${run} is not a finished run: it has ${MANIFEST_NAME} and no ${SUCCESS_NAME}`, {
      advice: 'Finish it with the command that started it.',
    });
  }
  if (seal !== read.sha256) {
    throw new TouchstoneError('io', `${manifestPath(run)} has sha256 ${read.sha256}, and ${SUCCESS_NAME} says ${seal === '' ? 'nothing' : seal}`, { advice: restore });
  }
  return read.value;
}

/** Whether the run has a manifest that _SUCCESS vouches for; reads the bytes of both and does not judge what they say. */
export async function isFinished(run: string): Promise<boolean> {
  return (await finishedManifest(run)) !== undefined;
}

/** The sha256 of the manifest that _SUCCESS vouches for; undefined where the run is not finished. */
export async function finishedManifest(run: string): Promise<string | undefined> {
  const seal = await readSuccess(run);
  if (seal === undefined || (await fileSize(manifestPath(run))) === undefined) return undefined;
  return (await hashFile(manifestPath(run))).sha256 === seal ? seal : undefined;
}

/** The sha256 in _SUCCESS, or what stands in its place; undefined without the file. */
async function readSuccess(run: string): Promise<string | undefined> {
  try {
    return (await readFile(successPath(run), 'utf8')).trim().slice(0, 100);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw ioError('read', successPath(run), error);
  }
}

function unitsMissing(missing: readonly number[], units: number): TouchstoneError {
  const more = missing.length > UNITS_NAMED ? ` and ${missing.length - UNITS_NAMED} more` : '';
  return new TouchstoneError('retryable', `${missing.length} of ${units} units are not committed: ${missing.slice(0, UNITS_NAMED).join(', ')}${more}`, {
    advice: 'Run the same command again: it computes the missing units.',
  });
}

function finishedOtherwise(run: string, existing: string, written: string): TouchstoneError {
  return new TouchstoneError('mismatch', `${run} is finished with another manifest: sha256 ${existing}, and these commits give ${written}`, {
    advice: `Shards or commit records were changed after the run was finished. touchstone verify ${run} names them; where it names nothing but ${MANIFEST_NAME}, remove ${MANIFEST_NAME} and ${SUCCESS_NAME} and run touchstone finalize ${run}: it writes both anew.`,
  });
}

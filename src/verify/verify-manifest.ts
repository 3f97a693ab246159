import { readFile } from 'node:fs/promises';
import { errnoOf } from '../errors.js';
import type { Calibration } from '../run/calibration-record.js';
import { canonicalJson } from '../run/canonical-json.js';
import { pendingUnits, type Commit } from '../run/commits.js';
import { fileSize, sha256Of } from '../run/file-hash.js';
import { ioError } from '../run/io-error.js';
import { parseRecord } from '../run/json-record.js';
import { MANIFEST_NAME, manifestPath, SUCCESS_NAME, successPath } from '../run/layout.js';
import { manifestSchema } from '../run/manifest-record.js';
import { buildManifest, type DuplicateIds, type Manifest } from '../run/manifest.js';
import type { Plan } from '../run/plan.js';
import { FINALIZE_AGAIN, type Problem } from './problem.js';

export interface ManifestCheck {
  readonly problems: readonly Problem[];
  readonly files: number;
  readonly bytes: number;
}

/** Whether a run says of itself that it is finished. Without _SUCCESS a manifest is one that is about to get it, or that a killed process left. */
export async function claimsToBeFinished(run: string): Promise<boolean> {
  return (await fileSize(successPath(run))) !== undefined;
}

/**
 * Checks _SUCCESS of a finished run against the manifest, byte by byte, and the manifest against what plan, commit records and calibration give; of a
 * calibration that could not be read, nothing. `duplicates` looks for repeated ids, and is given only where every shard is whole.
 */
export async function verifyManifest(run: string, plan: Plan, committed: ReadonlyMap<number, Commit>, calibration: Calibration | null | undefined, duplicates: (() => Promise<DuplicateIds>) | undefined): Promise<ManifestCheck> {
  const manifest = await readIfThere(manifestPath(run));
  const seal = (await readIfThere(successPath(run))) ?? Buffer.alloc(0);
  const problems: Problem[] = [];
  const problem = (file: string, message: string): void => void problems.push({ file, message, advice: FINALIZE_AGAIN });
  if (manifest === undefined) {
    problem(MANIFEST_NAME, `it is missing, and ${SUCCESS_NAME} is there`);
    return { problems, files: 1, bytes: seal.length };
  }
  const sha256 = sha256Of(manifest);
  const found = seal.toString('latin1');
  if (found !== `${sha256}\n`) problem(SUCCESS_NAME, `it must hold the sha256 of ${MANIFEST_NAME}, ${sha256}, and a line feed, it holds ${JSON.stringify(found.slice(0, 100))}`);
  const fault = await manifestFault(manifest, plan, committed, calibration, duplicates);
  if (fault !== undefined) problem(MANIFEST_NAME, fault);
  return { problems, files: 2, bytes: seal.length + manifest.length };
}

async function manifestFault(bytes: Buffer, plan: Plan, committed: ReadonlyMap<number, Commit>, calibration: Calibration | null | undefined, duplicates: (() => Promise<DuplicateIds>) | undefined): Promise<string | undefined> {
  const read = parseRecord(bytes, manifestSchema);
  if (read.kind === 'damaged') return read.problem;
  if (pendingUnits(plan, committed).length > 0) return undefined; // its units have problems of their own
  const expected = buildManifest(plan, committed, (await duplicates?.()) ?? read.value.duplicateIds, calibration === undefined ? (read.value.computation.calibration ?? null) : calibration);
  const difference = firstDifference(expected, read.value, '');
  if (difference !== undefined) return difference;
  return bytes.toString() === `${canonicalJson(expected, 2)}\n` ? undefined : 'it is not written as this program writes it';
}

/** "totals.tokens must be 3000, it is 3001" */
function firstDifference(expected: unknown, found: unknown, path: string): string | undefined {
  if (typeof expected !== 'object' || expected === null || typeof found !== 'object' || found === null) {
    return Object.is(expected, found) ? undefined : `${path} must be ${show(expected)}, it is ${show(found)}`;
  }
  for (const key of new Set([...Object.keys(expected), ...Object.keys(found)]) as Set<keyof Manifest>) {
    const at = Array.isArray(expected) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    const difference = firstDifference((expected as Manifest)[key], (found as Manifest)[key], at);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

const show = (value: unknown): string => (value === undefined ? 'absent' : JSON.stringify(value));

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw ioError('read', path, error);
  }
}

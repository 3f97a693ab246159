import { join } from 'node:path';
import { TouchstoneError, messageOf } from '../errors.js';
import { needsCalibration, readCalibration, type Calibration } from '../run/calibration-record.js';
import { readCommits, type Commit } from '../run/commits.js';
import { hashFile } from '../run/file-hash.js';
import { readManifest, type Manifest, type ManifestShard } from '../run/manifest.js';
import { planHash, readPlan, type Plan } from '../run/plan.js';
import { openShard, type Shard } from '../store/reader.js';
import type { SomeColumns } from '../store/row-group.js';
import type { ScoreSetRowGroup } from '../store/score-set.js';
import type { ColumnName } from '../store/schema.js';
import type { Problem } from './report-data/completeness.js';

/** A unit that can be read, as the manifest says or, before there is one, its commit record. */
export type AuditedUnit = ManifestShard;

/** A run folder opened for an audit: finished or not, and with damage noted instead of thrown. */
export interface AuditedRun {
  readonly run: string;
  readonly plan: Plan;
  readonly planHash: string;
  readonly commits: ReadonlyMap<number, Commit>;
  /** null for a run in float32, or where it cannot be read. */
  readonly calibration: Calibration | null;
  /** null where the run is unfinished or its manifest is damaged. */
  readonly manifest: Manifest | null;
  readonly units: readonly AuditedUnit[];
  /** What was found wrong so far, without duplicates; reading adds to it. */
  readonly problems: readonly Problem[];
  /** Units of which some row group could not be read. */
  readonly damagedUnits: ReadonlySet<number>;
  /**
   * The row groups in the order of units and rows, one in memory at a time. What cannot be read is left out and noted as a problem; a shard that is not
   * as its record says is noted and read all the same.
   */
  rowGroups<N extends ColumnName>(columns: readonly N[]): AsyncGenerator<ScoreSetRowGroup<SomeColumns<N>>, void, undefined>;
  note(level: Problem['level'], message: string): void;
}

/**
 * Opens a run folder. Needs plan.json (throws as readPlan does); everything else that is missing or damaged becomes a problem. `verify` hashes every shard and
 * quarantine file.
 */
export async function openAuditedRun(run: string, { verify }: { readonly verify: boolean }): Promise<AuditedRun> {
  const plan = await readPlan(run);
  const problems = new Map<string, Problem>();
  const note = (level: Problem['level'], message: string): void => {
    if (!problems.has(message)) problems.set(message, { level, message });
  };
  const { committed, problems: recordProblems } = await readCommits(run, plan);
  for (const { message } of recordProblems) note('alarm', message);
  const calibration = await calibrationOf(run, plan, committed.size, note);
  const manifest = await sealedManifest(run, plan, note);
  const units = manifest === null ? [...committed.values()].map(unitOfCommit) : manifest.shards;
  if (manifest !== null) compareRecords(manifest, committed, note);
  if (verify) await verifyHashes(run, units, filesOf(manifest, committed), note);
  const damagedUnits = new Set<number>();

  async function* rowGroups<N extends ColumnName>(columns: readonly N[]): AsyncGenerator<ScoreSetRowGroup<SomeColumns<N>>, void, undefined> {
    const damaged = (unit: number, error: unknown): void => {
      if (!(error instanceof TouchstoneError)) throw error;
      damagedUnits.add(unit);
      note('alarm', `${shorter(run, error.message)}; what could not be read is left out`);
    };
    for (const unit of units) {
      let shard: Shard;
      try {
        shard = await openShard(join(run, unit.path));
      } catch (error) {
        damaged(unit.unit, error);
        continue;
      }
      try {
        compareShard(shard, unit, note);
        for (const index of shard.rowGroups.keys()) {
          let group;
          try {
            group = await shard.readRowGroup(index, { columns });
          } catch (error) {
            damaged(unit.unit, error);
            continue;
          }
          yield { ...group, unit: unit.unit };
        }
      } finally {
        await shard.close();
      }
    }
  }

  return {
    run, plan, planHash: planHash(plan), commits: committed,
    calibration, manifest, units, damagedUnits, rowGroups, note,
    get problems() {
      return [...problems.values()];
    },
  };
}

type Note = AuditedRun['note'];

/** The manifest where it is sealed and belongs to the plan. */
async function sealedManifest(run: string, plan: Plan, note: Note): Promise<Manifest | null> {
  let manifest: Manifest;
  try {
    manifest = await readManifest(run);
  } catch (error) {
    // A usage error says that the run is not finished, which the state of the report says.
    if (!(error instanceof TouchstoneError)) throw error;
    if (error.kind !== 'usage') note('alarm', shorter(run, error.message));
    return null;
  }
  const expected = planHash(plan);
  if (manifest.planHash === expected) return manifest;
  note('alarm', `manifest.json belongs to the plan ${manifest.planHash}, and plan.json is ${expected}; the numbers follow the commit records`);
  return null;
}

async function calibrationOf(run: string, plan: Plan, units: number, note: Note): Promise<Calibration | null> {
  if (!needsCalibration(plan)) return null;
  const read = await readCalibration(run, plan);
  if (read.kind === 'record') return read.value;
  if (read.kind === 'damaged') note('alarm', `calibration.json cannot be used: ${read.problem}`);
  else if (units > 0) note('alarm', `calibration.json is missing: nobody knows how far the losses are from those of float32`);
  return null;
}

function compareRecords({ shards }: Manifest, commits: ReadonlyMap<number, Commit>, note: Note): void {
  for (const { unit, sha256 } of shards) {
    const commit = commits.get(unit);
    if (commit === undefined) note('watch', `unit ${unit} is in the manifest and has no valid commit record; its time is not counted`);
    else if (commit.shard.sha256 !== sha256) note('alarm', `unit ${unit}: the manifest gives its shard the sha256 ${sha256}, its commit record ${commit.shard.sha256}`);
  }
}

function compareShard(shard: Shard, expected: AuditedUnit, note: Note): void {
  for (const name of ['bytes', 'rows', 'tokens'] as const) {
    if (shard[name] !== expected[name]) note('alarm', `${expected.path} must have ${expected[name]} ${name} by its record, it has ${shard[name]}`);
  }
}

interface HashedFile {
  readonly path: string;
  readonly sha256: string;
}

/** Quarantine files by the records that vouch for them. */
function filesOf(manifest: Manifest | null, commits: ReadonlyMap<number, Commit>): readonly HashedFile[] {
  return manifest?.quarantine ?? [...commits.values()].flatMap(({ quarantine }) => quarantine ?? []);
}

async function verifyHashes(run: string, shards: readonly HashedFile[], quarantine: readonly HashedFile[], note: Note): Promise<void> {
  for (const { path, sha256 } of [...shards, ...quarantine]) {
    try {
      const found = await hashFile(join(run, path));
      if (found.sha256 !== sha256) note('alarm', `${path} must have the sha256 ${sha256} by its record, it has ${found.sha256}`);
    } catch (error) {
      note('alarm', `${path} cannot be hashed: ${shorter(run, messageOf(error))}`);
    }
  }
}

function unitOfCommit({ unit, shard, rows, tokens, scored, nonfinite, lossSum }: Commit): AuditedUnit {
  return { unit, ...shard, rows, tokens, scored, nonfinite, lossSum };
}

/** A message without the path of the run folder, which the report names once. */
function shorter(run: string, message: string): string {
  return message.replaceAll(`${run}/`, '');
}

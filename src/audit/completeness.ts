import { pendingUnits, type Commit, type DocumentCounts } from '../run/commits.js';
import { workingSeconds } from '../run/working-time.js';
import type { AuditedRun } from './audited-run.js';
import { shortName } from './document-strips.js';
import { DUPLICATE_EXAMPLES, LISTED_PROBLEMS, MISSING_UNITS, type Completeness, type RunState, type Work } from './report-data/completeness.js';
import type { LossStats } from './report-data/distribution.js';
import type { QuarantineReport } from './report-data/quarantine.js';

/** What was counted in the shards. */
export interface Counted {
  readonly distribution: { readonly overall: Pick<LossStats, 'tokens' | 'scored' | 'mean'> };
  readonly rows: number;
  readonly infinite: number;
  readonly columnScored: number;
}

/** Relative difference that additions in another order may make. */
const SUM_TOLERANCE = 1e-9;

/**
 * Compares what was counted with what the records say, which notes more problems, and says whether the run is whole. Call it when everything has been read.
 */
export function completenessOf(run: AuditedRun, measured: Counted, quarantine: QuarantineReport | null, verified: boolean): Completeness {
  const { plan, commits, manifest, units, damagedUnits } = run;
  const known = new Set(units.map(({ unit }) => unit));
  const missing = manifest === null ? pendingUnits(plan, commits) : plan.corpus.units.map(({ index }) => index).filter((unit) => !known.has(unit));
  const { tokens, scored, mean } = measured.distribution.overall;
  const documents = manifest?.documents ?? sumDocuments([...commits.values()]);
  const balances = [documents, ...[...commits.values()].map((commit) => commit.documents)];
  const balanced = balances.every((counts) => counts.read === counts.scored + counts.quarantined + counts.skipped);

  const recorded = (value: (unit: (typeof units)[number]) => number): number => units.reduce((sum, unit) => sum + value(unit), 0);
  if (damagedUnits.size === 0) {
    const expect = (what: string, expected: number, found: number): void => {
      if (expected !== found) run.note('alarm', `the records say that there are ${expected} ${what}, the shards have ${found}`);
    };
    expect('tokens with a loss', recorded((unit) => unit.scored), scored);
    if (measured.columnScored !== scored) run.note('alarm', `the n_scored column counts ${measured.columnScored} tokens with a loss, ref_loss has ${scored}`);
    const [lossSum, found] = [recorded((unit) => unit.lossSum), mean === null ? 0 : mean * scored];
    if (Math.abs(lossSum - found) > SUM_TOLERANCE * Math.max(1, Math.abs(lossSum))) run.note('alarm', `the records say that losses add up to ${lossSum} nats, those in the shards give ${found}`);
    if (plan.windows.layout === 'document') expect('documents scored', documents.scored, measured.rows);
    if (quarantine !== null) {
      expect('documents quarantined', documents.quarantined, quarantine.quarantined);
      expect('documents skipped', documents.skipped, quarantine.skipped);
    }
  }
  if (measured.infinite > 0) run.note('alarm', `${measured.infinite} losses are infinite, which this program never writes; they are left out`);

  const problems = [...run.problems].sort((a, b) => Number(b.level === 'alarm') - Number(a.level === 'alarm'));
  return {
    state: stateOf(manifest === null || missing.length > 0, problems.some(({ level }) => level === 'alarm') || !balanced),
    problems: problems.slice(0, LISTED_PROBLEMS),
    problemCount: problems.length,
    units: { planned: plan.corpus.units.length, committed: commits.size, audited: units.length - damagedUnits.size, missing: missing.slice(0, MISSING_UNITS) },
    documents,
    balanced,
    rows: measured.rows,
    tokens,
    scored,
    recorded: { rows: recorded((unit) => unit.rows), tokens: recorded((unit) => unit.tokens), scored: recorded((unit) => unit.scored) },
    nonfinite: units.reduce((sum, { nonfinite }) => sum + nonfinite, 0),
    bytes: units.reduce((sum, { bytes }) => sum + bytes, 0),
    duplicateIds: manifest === null ? null : { count: manifest.duplicateIds.count, examples: manifest.duplicateIds.examples.slice(0, DUPLICATE_EXAMPLES).map(shortName) },
    verification: verified ? 'hashed' : 'checksums',
    work: workOf([...commits.values()]),
  };
}

function stateOf(unfinished: boolean, damaged: boolean): RunState {
  if (damaged) return 'damaged';
  return unfinished ? 'unfinished' : 'complete';
}

function sumDocuments(commits: readonly Commit[]): DocumentCounts {
  const sum = (name: keyof DocumentCounts): number => commits.reduce((total, { documents }) => total + documents[name], 0);
  return { read: sum('read'), scored: sum('scored'), quarantined: sum('quarantined'), skipped: sum('skipped') };
}

function workOf(commits: readonly Commit[]): Work {
  const sum = (value: (commit: Commit) => number): number => commits.reduce((total, commit) => total + value(commit), 0);
  const seconds = workingSeconds(commits);
  const computed = sum((commit) => commit.scored - (commit.reused?.tokens ?? 0));
  const finished = commits.map(({ finishedAt }) => finishedAt).sort();
  return {
    unitSeconds: sum((commit) => commit.seconds),
    seconds,
    tokensPerSecond: computed <= 0 || seconds === 0 ? null : computed / seconds,
    reusedTokens: sum(({ reused }) => reused?.tokens ?? 0),
    firstUnitFinishedAt: finished[0] ?? null,
    lastUnitFinishedAt: finished.at(-1) ?? null,
    hosts: [...new Set(commits.flatMap(({ host }) => host ?? []))].sort(),
    computedTokens: sum(({ computedTokens }) => computedTokens),
    paddedTokens: sum(({ paddedTokens }) => paddedTokens),
  };
}

import type { Commit } from '../run/commits.js';
import type { Manifest } from '../run/manifest.js';
import { workingSeconds } from '../run/working-time.js';
import { countReasons } from '../run/quarantine-reasons.js';
import { openScoreSet, type ScoreSet } from '../store/score-set.js';

/** A document whose tokens the reference model found hard. */
export interface NoisyDocument {
  readonly id: string;
  readonly source: string;
  readonly tokens: number;
  /** Mean reference loss in nats over its scored tokens. */
  readonly meanLoss: number;
  /** Its first tokens as text. */
  readonly excerpt: string;
}

/** What a finished run found, and what it cost. */
export interface ScoreSummary {
  readonly run: string;
  readonly documents: Manifest['documents'];
  readonly tokens: number;
  readonly scored: number;
  readonly nonfinite: number;
  /** Nats, over scored tokens; null where nothing was scored. */
  readonly meanLoss: number | null;
  readonly duplicateIds: Manifest['duplicateIds'];
  /** Documents whose losses were copied from earlier runs, and their tokens. */
  readonly reused: { readonly documents: number; readonly tokens: number };
  /** Share of the computed token positions that were padding. */
  readonly paddingShare: number;
  /** Tokens that were computed, per second in which at least one unit was under way on whatever host; null where no token was computed. */
  readonly tokensPerSecond: number | null;
  /** Precision, and the devices with their units. */
  readonly computation: Manifest['computation'];
  readonly layout: Manifest['conventions']['layout'];
  /** Files of the corpus that end, or cannot be read on, before their end. */
  readonly cutShort: readonly string[];
  readonly units: number;
  readonly shards: readonly string[];
  readonly bytes: number;
  readonly noisiest: readonly NoisyDocument[];
}

const NOISIEST = 5;
/** Shorter documents have extreme means by chance. */
const LEAST_TOKENS = 16;
const EXCERPT_TOKENS = 48;

interface Candidate {
  readonly unit: number;
  readonly rowGroup: number;
  readonly row: number;
  readonly id: string;
  readonly source: string;
  readonly tokens: number;
  readonly meanLoss: number;
}

/** Reads the finished score set, column by column; `decode` turns ids into text for the excerpts. */
export async function summarize(run: string, commits: readonly Commit[], decode: (ids: Int32Array) => Promise<string>): Promise<ScoreSummary> {
  const scoreSet = await openScoreSet(run);
  const { totals, documents, duplicateIds, shards } = scoreSet.manifest;
  const computed = commits.reduce((sum, commit) => sum + commit.computedTokens, 0);
  const padded = commits.reduce((sum, commit) => sum + commit.paddedTokens, 0);

  const worst: Candidate[] = [];
  for await (const group of scoreSet.rowGroups({ columns: ['doc_id', 'source', 'n_tokens', 'n_scored', 'loss_sum'] })) {
    const { unit, index: rowGroup } = group;
    const { doc_id: ids, source, n_tokens: tokens, n_scored: scored, loss_sum: sums } = group.columns;
    for (let row = 0; row < group.rows; row++) {
      if (scored[row]! < LEAST_TOKENS) continue;
      const meanLoss = sums[row]! / scored[row]!;
      if (worst.length === NOISIEST && meanLoss <= worst.at(-1)!.meanLoss) continue;
      worst.push({ unit, rowGroup, row, id: ids[row]!, source: source[row]!, tokens: tokens[row]!, meanLoss });
      worst.sort((a, b) => b.meanLoss - a.meanLoss);
      worst.length = Math.min(worst.length, NOISIEST);
    }
  }

  const noisiest: NoisyDocument[] = [];
  for (const { id, source, tokens, meanLoss, ...place } of worst) {
    const ids = await tokensAt(scoreSet, place);
    noisiest.push({ id, source, tokens, meanLoss, excerpt: await decode(ids) });
  }
  return {
    run,
    documents,
    tokens: totals.tokens,
    scored: totals.scored,
    nonfinite: totals.nonfinite,
    meanLoss: totals.scored === 0 ? null : totals.lossSum / totals.scored,
    duplicateIds,
    reused: {
      documents: commits.reduce((sum, { reused }) => sum + (reused?.documents ?? 0), 0),
      tokens: commits.reduce((sum, { reused }) => sum + (reused?.tokens ?? 0), 0),
    },
    paddingShare: computed === 0 ? 0 : padded / computed,
    tokensPerSecond: speedOf(commits),
    computation: scoreSet.manifest.computation,
    layout: scoreSet.manifest.conventions.layout,
    cutShort: documents.quarantined === 0 ? [] : (await countReasons(run, scoreSet.manifest.quarantine.map(({ path }) => path))).cutShort,
    units: totals.units,
    shards: shards.map(({ path }) => path),
    bytes: totals.bytes,
    noisiest,
  };
}

function speedOf(commits: readonly Commit[]): number | null {
  const seconds = workingSeconds(commits);
  if (seconds === 0 || commits.every(({ computedTokens }) => computedTokens === 0)) return null;
  // Rows that were copied may begin with a token that has no loss: they are counted as a little more than they spared.
  return commits.reduce((sum, { scored, nonfinite, reused }) => sum + Math.max(0, scored + nonfinite - (reused?.tokens ?? 0)), 0) / seconds;
}

async function tokensAt(scoreSet: ScoreSet, place: Pick<Candidate, 'unit' | 'rowGroup' | 'row'>): Promise<Int32Array> {
  for await (const group of scoreSet.rowGroups({ columns: ['token_ids'], shards: [place.unit] })) {
    if (group.index !== place.rowGroup) continue;
    const from = group.offsets[place.row]!;
    return group.columns.token_ids.slice(from, Math.min(from + EXCERPT_TOKENS, group.offsets[place.row + 1]!));
  }
  return new Int32Array(0);
}

import type { AuditReport } from './report-data.js';
import type { Metric } from './report-data/checks.js';
import { LEAST_DRIFT_TOKENS, type Distance } from './report-data/drift.js';

/** An audit without its judgement. */
export type Findings = Omit<AuditReport, 'metrics' | 'checks'>;

interface MetricRule {
  readonly name: string;
  readonly unit: Metric['unit'];
  readonly meaning: string;
  /** What an audit must have been asked for, or a run must have, for the metric to exist. */
  readonly needs: string | null;
  readonly value: (findings: Findings) => number | null;
  /** What a count is a share of. */
  readonly whole?: (findings: Findings) => number | null;
}

const COMPARE = '--compare';
const COMPARE_SCORED = '--compare with a run that has scored tokens, as this one must';
const FEW = `where a run has fewer than ${LEAST_DRIFT_TOKENS} scored tokens`;

/** The numbers that --fail-on can name, in the order they are listed to a user. */
export const METRIC_RULES: readonly MetricRule[] = [
  {
    name: 'unfinished', unit: 'units', meaning: 'units of the plan without a commit, 1 where only the manifest is missing', needs: null,
    value: ({ completeness: { units, state } }) => Math.max(units.planned - units.committed, state === 'unfinished' ? 1 : 0), whole: ({ completeness }) => completeness.units.planned,
  },
  {
    name: 'damaged', unit: 'problems', meaning: 'faults of a damaged run, 0 for one that is whole as far as it is there', needs: null,
    value: ({ completeness: { state, problemCount } }) => (state === 'damaged' ? Math.max(1, problemCount) : 0),
  },
  { name: 'problems', unit: 'problems', meaning: 'faults found in records, shards and hashes, warnings among them', needs: null, value: ({ completeness }) => completeness.problemCount },
  {
    name: 'quarantined', unit: 'documents', meaning: 'documents that something is wrong with, of those read', needs: null,
    value: ({ completeness }) => completeness.documents.quarantined, whole: ({ completeness }) => completeness.documents.read,
  },
  {
    name: 'skipped', unit: 'documents', meaning: 'documents with nothing to score, of those read', needs: null,
    value: ({ completeness }) => completeness.documents.skipped, whole: ({ completeness }) => completeness.documents.read,
  },
  {
    name: 'duplicates', unit: 'rows', meaning: 'rows that repeat the id of an earlier row', needs: 'a finished run',
    value: ({ completeness }) => completeness.duplicateIds?.count ?? null, whole: ({ completeness }) => completeness.rows,
  },
  {
    name: 'documents', unit: 'documents', meaning: 'documents scored, of those read', needs: null,
    value: ({ completeness }) => completeness.documents.scored, whole: ({ completeness }) => completeness.documents.read,
  },
  { name: 'tokens', unit: 'tokens', meaning: 'tokens of all rows', needs: null, value: ({ distribution: { overall } }) => overall.tokens },
  {
    name: 'notScored', unit: 'tokens', meaning: 'tokens without a loss, first tokens included', needs: null,
    value: ({ distribution: { overall } }) => overall.tokens - overall.scored, whole: ({ distribution }) => distribution.overall.tokens,
  },
  {
    name: 'nonfinite', unit: 'tokens', meaning: 'tokens the model gave no finite loss for', needs: null,
    value: ({ completeness }) => completeness.nonfinite, whole: ({ completeness }) => completeness.recorded.tokens,
  },
  { name: 'meanLoss', unit: 'nats', meaning: 'mean loss', needs: 'a scored token', value: ({ distribution }) => distribution.overall.mean },
  { name: 'perplexity', unit: 'perplexity', meaning: 'exp of the mean loss', needs: 'a mean loss below 709 nats', value: ({ distribution }) => distribution.overall.perplexity },
  { name: 'p50', unit: 'nats', meaning: 'median loss', needs: 'a scored token', value: ({ distribution }) => distribution.overall.percentiles?.p50 ?? null },
  { name: 'p90', unit: 'nats', meaning: '90th percentile of the losses', needs: 'a scored token', value: ({ distribution }) => distribution.overall.percentiles?.p90 ?? null },
  { name: 'p99', unit: 'nats', meaning: '99th percentile of the losses', needs: 'a scored token', value: ({ distribution }) => distribution.overall.percentiles?.p99 ?? null },
  { name: 'nearZero', unit: 'share', meaning: 'share of tokens the model is all but certain of', needs: 'a scored token', value: ({ distribution }) => distribution.overall.nearZeroShare },
  { name: 'aboveUniform', unit: 'share', meaning: 'share of tokens it finds harder than an even guess', needs: 'a scored token', value: ({ distribution }) => distribution.overall.aboveUniformShare },
  { name: 'bitsPerByte', unit: 'bits per byte', meaning: 'loss in bits per byte of text', needs: 'a run scored with --stats bytes', value: ({ distribution }) => distribution.overall.bitsPerByte },
  { name: 'psi', unit: 'index', meaning: `population stability index against the earlier run, 0 ${FEW}`, needs: COMPARE_SCORED, value: ({ drift }) => judged(drift?.overall, 'psi') },
  { name: 'wasserstein', unit: 'nats', meaning: `Wasserstein distance to the earlier run, 0 ${FEW}`, needs: COMPARE_SCORED, value: ({ drift }) => judged(drift?.overall, 'wasserstein') },
  { name: 'rawPsi', unit: 'index', meaning: 'psi of however few tokens, chance included', needs: COMPARE_SCORED, value: ({ drift }) => drift?.overall.psi ?? null },
  { name: 'rawWasserstein', unit: 'nats', meaning: 'Wasserstein distance of however few tokens', needs: COMPARE_SCORED, value: ({ drift }) => drift?.overall.wasserstein ?? null },
  { name: 'sourcePsi', unit: 'index', meaning: 'largest psi of a source with enough tokens, 0 where there is none', needs: COMPARE, value: ({ drift }) => worstSource(drift, 'psi') },
  { name: 'sourceWasserstein', unit: 'nats', meaning: 'largest Wasserstein distance of such a source', needs: COMPARE, value: ({ drift }) => worstSource(drift, 'wasserstein') },
  { name: 'identityChanges', unit: 'problems', meaning: 'ways in which the runs measure differently', needs: COMPARE, value: ({ drift }) => drift?.changes.length ?? null },
  { name: 'newSources', unit: 'sources', meaning: 'sources only this run has', needs: COMPARE, value: ({ drift }) => drift?.newSources.count ?? null },
  { name: 'removedSources', unit: 'sources', meaning: 'sources only the earlier run has', needs: COMPARE, value: ({ drift }) => drift?.removedSources.count ?? null },
  {
    name: 'newDocuments', unit: 'documents', meaning: 'documents only this run has', needs: COMPARE,
    value: ({ drift }) => drift?.documents.new ?? null, whole: ({ drift }) => drift?.documents.now ?? null,
  },
  {
    name: 'removedDocuments', unit: 'documents', meaning: 'documents only the earlier run has', needs: COMPARE,
    value: ({ drift }) => drift?.documents.removed ?? null, whole: ({ drift }) => drift?.documents.earlier ?? null,
  },
  {
    name: 'changedDocuments', unit: 'documents', meaning: 'documents with another text under the same id', needs: COMPARE,
    value: ({ drift }) => drift?.documents.changed ?? null, whole: ({ drift }) => drift?.documents.now ?? null,
  },
  {
    name: 'pairedDelta', unit: 'nats', meaning: 'mean absolute change of the mean loss of unchanged documents', needs: '--compare with a run of the same tokenizer and documents in common',
    value: ({ drift }) => drift?.paired?.meanAbsolute ?? null,
  },
  { name: 'meanExcess', unit: 'nats', meaning: 'mean of live minus reference loss', needs: '--live with a token that both runs scored', value: ({ excess }) => excess?.mean ?? null },
];

export function metricsOf(findings: Findings): Metric[] {
  return METRIC_RULES.map(({ name, unit, meaning, needs, value, whole }) => {
    const found = value(findings);
    return { name, value: found, unit, share: unit === 'share' ? found : shareOf(found, whole?.(findings) ?? null), meaning, needs };
  });
}

/** Nothing of nothing is a share of 0. */
function shareOf(count: number | null, whole: number | null): number | null {
  if (count === null || whole === null) return null;
  return count === 0 ? 0 : whole === 0 ? null : count / whole;
}

/** A distance that means something: 0 where it would be chance. */
function judged(distance: Distance | undefined, name: 'psi' | 'wasserstein'): number | null {
  const value = distance?.[name] ?? null;
  return value !== null && distance?.level === 'too-few' ? 0 : value;
}

/** The largest distance of a source that has a level. */
function worstSource(drift: AuditReport['drift'], distance: 'psi' | 'wasserstein'): number | null {
  if (drift === null) return null;
  return Math.max(0, ...drift.bySource.flatMap((source) => (source.level === 'too-few' ? [] : (source[distance] ?? []))));
}

import type { Completeness } from './report-data/completeness.js';
import type { Check, Metric } from './report-data/checks.js';
import type { Distribution } from './report-data/distribution.js';
import type { SampledDocuments } from './report-data/documents.js';
import type { Drift } from './report-data/drift.js';
import type { Dynamics, ExcessReport } from './report-data/dynamics.js';
import type { RunIdentity } from './report-data/identity.js';
import type { QuarantineReport } from './report-data/quarantine.js';

/**
 * What an audit found: audit.json holds it as canonical JSON, and the HTML report is drawn from it alone. No NaN, no infinities, no undefined, no present time: the
 * same run folders give the same bytes. Losses are nats, shares 0 to 1; null says that there is no such value. Texts are foreign: they may hold anything.
 */
export interface AuditReport {
  readonly formatVersion: 1;
  /** The program that audited. */
  readonly tool: { readonly name: string; readonly version: string };
  readonly identity: RunIdentity;
  readonly completeness: Completeness;
  readonly distribution: Distribution;
  readonly documents: SampledDocuments;
  readonly dynamics: Dynamics;
  /** null without --live. */
  readonly excess: ExcessReport | null;
  /** null without --compare. */
  readonly drift: Drift | null;
  readonly quarantine: QuarantineReport;
  /** Everything --fail-on can name. */
  readonly metrics: readonly Metric[];
  /** The conditions of --fail-on, in their order; empty without them. */
  readonly checks: readonly Check[];
  /** What a reader should know, one sentence each: what was cut or sampled, what could not be read and why. */
  readonly notes: readonly string[];
}

export type { Completeness, Problem, RunState, Work } from './report-data/completeness.js';
export type { Check, Metric } from './report-data/checks.js';
export type { ClassStats, Distribution, LossStats, Percentiles, RangeStats, SourceStats, TokenClass } from './report-data/distribution.js';
export type { SampledDocument, SampledDocuments, TokenStrip } from './report-data/documents.js';
export type { Distance, DistanceSide, DocumentChanges, Drift, DriftLevel, DriftLimits, PairedDeltas } from './report-data/drift.js';
export type { CheckpointDynamics, Dynamics, DynamicsCategory, DynamicsExample, ExcessReport, ExcessSelection, JoinCounts, ReferenceDynamics } from './report-data/dynamics.js';
export type { IdentityChange, RunIdentity } from './report-data/identity.js';
export type { QuarantineReason, QuarantineReport } from './report-data/quarantine.js';

import { resolve } from 'node:path';
import { toolIdentity } from '../tool.js';
import { TouchstoneError } from '../errors.js';
import { openAuditedRun, type AuditedRun } from './audited-run.js';
import { checkpointDynamics } from './checkpoint-dynamics.js';
import { completenessOf } from './completeness.js';
import { checkConditions, parseConditions, withWholeness } from './conditions.js';
import { rowKey, sampleDocuments } from './document-strips.js';
import { driftSince } from './drift.js';
import { measureExcess } from './excess-report.js';
import { identityOf } from './identity.js';
import { measureRun } from './measure.js';
import { metricsOf } from './metrics.js';
import type { AuditOptions } from './options.js';
import { reportQuarantine } from './quarantine-report.js';
import { referenceDynamics } from './reference-dynamics.js';
import type { AuditReport } from './report-data.js';
import { indexSources } from './source-index.js';
import { findVocabulary } from './vocabulary-text.js';

/**
 * Audits the score set of a run, finished or not, and compares it with what it is to be compared with; never reads a model. The tokens of the run and of an earlier one
 * are read once, columns of one value a row a few times; checkpoints twice. Memory does not grow with the runs. Equal folders and options give equal reports. Throws
 * for what cannot be audited at all: no plan, another tokenizer, checkpoints in another order, conditions that name no metric.
 */
export async function audit(options: AuditOptions): Promise<AuditReport> {
  const given = [...(options.compare === null ? [] : ['--compare']), ...(options.live === null ? [] : ['--live'])];
  const conditions = options.failOn === null ? [] : withWholeness(parseConditions(options.failOn, given));
  const notes: string[] = [];
  const run = await openAuditedRun(options.run, { verify: options.verify });
  const search = await findVocabulary(run.plan, options.tokenizer);
  const vocabulary = 'found' in search ? search.found : null;
  if ('missing' in search) notes.push(search.missing);

  const sources = await indexSources(run);
  const measured = await measureRun(run, sources, vocabulary, options.seed);
  const quarantine = await reportQuarantine(run);
  const drift = options.compare === null ? null : await driftSince(options.compare, run, measured, sources, options);
  const checkpoints = await openCheckpoints(run, options);
  const dynamics = checkpoints === null ? referenceDynamics(measured.cells, measured.distribution.overall) : await checkpointDynamics(run, checkpoints, vocabulary, options.seed);
  const { noisiest, quietest, random } = measured.picks;
  const shown = new Set([...noisiest, ...quietest, ...random].map(rowKey));
  const excess = options.live === null ? null : await measureExcess(run, await openAuditedRun(options.live, options), { sources, vocabulary, keepFractions: options.keepFractions, shown });
  const documents = await sampleDocuments(run, measured.picks, vocabulary, options.seed, excess?.strips ?? new Map());
  if (sources.more) notes.push(`The run has more than ${sources.count} sources: the rest were not told apart and stand under all other sources.`);

  const findings = {
    formatVersion: 1 as const,
    tool: toolIdentity(),
    identity: identityOf(options.run, run),
    completeness: completenessOf(run, measured, quarantine, options.verify),
    distribution: measured.distribution,
    documents,
    dynamics,
    excess: excess?.report ?? null,
    drift,
    quarantine,
    notes,
  };
  const metrics = metricsOf(findings);
  return { ...findings, metrics, checks: checkConditions(conditions, metrics) };
}

/** The checkpoints in the order of training, the audited run where it was named, or last; null where none was asked for. */
async function openCheckpoints(audited: AuditedRun, { run, dynamics, verify }: AuditOptions): Promise<readonly AuditedRun[] | null> {
  if (dynamics.length === 0) return null;
  const folders = dynamics.map((folder) => resolve(folder));
  const own = folders.indexOf(resolve(run));
  const checkpoints: AuditedRun[] = [];
  for (const [at, folder] of dynamics.entries()) checkpoints.push(at === own ? audited : await openAuditedRun(folder, { verify }));
  if (own < 0) checkpoints.push(audited);
  if (new Set(folders).size < folders.length || checkpoints.length < 2) {
    throw new TouchstoneError('usage', `--dynamics must name two or more checkpoints, the audited run included, none twice, got ${dynamics.join(' ')}`);
  }
  return checkpoints;
}

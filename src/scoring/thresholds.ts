import { TouchstoneError } from '../errors.js';
import type { Manifest } from '../run/manifest.js';
import { countReasons } from '../run/quarantine-reasons.js';
import type { Limit, ScoreOptions } from './options.js';

/** Reasons and files that are named; the rest is counted. */
const NAMED = 3;

/**
 * Holds a complete run against the limits the user set. The run stays as it is, manifest included: everything good has been written.
 * @throws TouchstoneError ('data') that names count, share, limit, the most frequent reasons and where to look
 */
export async function checkThresholds(run: string, manifest: Manifest, { maxQuarantined, maxNonfinite }: ScoreOptions['thresholds']): Promise<void> {
  const faults: string[] = [];
  const { documents, totals } = manifest;
  if (exceeds(documents.quarantined, documents.read, maxQuarantined)) {
    const { reasons, files } = await countReasons(run, manifest.quarantine.map(({ path }) => path));
    const why = listed(reasons.map(({ reason, documents: count }) => `${reason} ${count}`));
    const where = listed(files.map(({ path }) => `${run}/${path}`));
    faults.push(`${excess(documents.quarantined, documents.read, 'documents read were', 'quarantined', maxQuarantined!)}: ${why}; see ${where}`);
  }
  if (exceeds(totals.nonfinite, totals.tokens, maxNonfinite)) {
    const worst = manifest.shards.filter(({ nonfinite }) => nonfinite > 0).sort((a, b) => b.nonfinite - a.nonfinite || a.unit - b.unit);
    const where = listed(worst.map(({ path, nonfinite }) => `${run}/${path} ${nonfinite}`));
    faults.push(`${excess(totals.nonfinite, totals.tokens, 'tokens', 'have no finite loss', maxNonfinite!)}; by shard: ${where}`);
  }
  if (faults.length === 0) return;
  throw new TouchstoneError('data', faults.join('\n'), {
    advice: 'Everything else is scored and the run is complete: raise the limit to accept it, or mend the input and start a new run.',
  });
}

function exceeds(count: number, of: number, limit: Limit | null): boolean {
  if (limit === null) return false;
  // A share is not exact in binary: 29 of 100 are not more than 29 %.
  return limit.kind === 'count' ? count > limit.count : count > limit.share * of * (1 + 4 * Number.EPSILON);
}

function excess(count: number, of: number, subject: string, predicate: string, limit: Limit): string {
  const share = ((100 * count) / of).toPrecision(3);
  return `${count} of ${of} ${subject} ${predicate} (${share} %), and the limit is ${limit.text}`;
}

function listed(entries: readonly string[]): string {
  const more = entries.length - NAMED;
  return entries.slice(0, NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

import { resolve } from 'node:path';
import { TouchstoneError } from '../../errors.js';
import { audit } from '../../audit/audit.js';
import type { AuditReport } from '../../audit/report-data.js';
import { renderReport } from '../../audit/report/render-report.js';
import { resolveAuditOptions, type AuditFlags } from '../../config/audit-settings.js';
import { canonicalJson } from '../../run/canonical-json.js';
import { replaceFile } from '../../run/replace-file.js';
import { auditText } from '../audit-text.js';
import { shortPath } from '../short-path.js';

export interface AuditInvocation extends AuditFlags {
  /** A file for the HTML report. */
  readonly out?: string;
  /** A file, or true for stdout. */
  readonly json?: string | true;
  readonly quiet?: boolean;
}

/** Writes what was asked for, and only then fails for a condition that came true. */
export async function runAudit(run: string, flags: AuditInvocation): Promise<void> {
  if (flags.out !== undefined && typeof flags.json === 'string' && resolve(flags.out) === resolve(flags.json)) {
    throw new TouchstoneError('usage', `--out and --json must name two files, both name ${flags.out}`, { advice: 'The report is HTML, the numbers are JSON.' });
  }
  const report = await audit(resolveAuditOptions(run, flags));
  if (flags.out !== undefined) await replaceFile(flags.out, new TextEncoder().encode(renderReport(report)));
  if (typeof flags.json === 'string') await replaceFile(flags.json, new TextEncoder().encode(`${canonicalJson(report, 1)}\n`));
  if (flags.json === true) process.stdout.write(`${canonicalJson(report)}\n`);
  else if (flags.quiet !== true) process.stdout.write(`${auditText(report)}${written(flags)}`);
  refuseFailed(report);
}

/** Where the files are that were asked for. */
function written({ out, json }: AuditInvocation): string {
  const files = [['report', out], ['numbers', json]].flatMap(([what, path]) => (typeof path === 'string' ? [`${String(what).padEnd(10)} ${shortPath(resolve(path))}\n`] : []));
  return files.length === 0 ? '' : `\n${files.join('')}`;
}

function refuseFailed({ checks }: AuditReport): void {
  const failed = checks.filter((check) => check.failed);
  if (failed.length === 0) return;
  const lines = failed.map(({ condition, value, asShare }) => `  ${condition}: it is ${asShare ? `${Number((100 * value).toPrecision(6))} %` : Number(value.toPrecision(6))}`);
  throw new TouchstoneError('data', `${failed.length} of ${checks.length} conditions of --fail-on came true:\n${lines.join('\n')}`);
}

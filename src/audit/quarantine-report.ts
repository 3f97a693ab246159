import { TouchstoneError } from '../errors.js';
import { readQuarantine } from '../run/quarantine-file.js';
import type { AuditedRun } from './audited-run.js';
import { cutText } from './token-pieces.js';
import { shortName } from './document-strips.js';
import { QUARANTINE_EXAMPLES, QUARANTINE_FILES, type QuarantineReason, type QuarantineReport } from './report-data/quarantine.js';

const DETAIL_CHARACTERS = 300;
/** Input files that are told apart while they are counted. */
const MOST_FILES = 1 << 18;

/** Reads every quarantine file of the run, one unit's at a time; a file that cannot be read becomes a problem of the run. */
export async function reportQuarantine(run: AuditedRun): Promise<QuarantineReport> {
  const reasons = new Map<string, { -readonly [key in keyof QuarantineReason]: QuarantineReason[key] } & { examples: QuarantineReason['examples'][number][] }>();
  const files = new Map<string, number>();
  const counts = { quarantined: 0, skipped: 0 };
  for (const { path } of run.manifest?.quarantine ?? [...run.commits.values()].flatMap(({ quarantine }) => quarantine ?? [])) {
    let records;
    try {
      records = await readQuarantine(run.run, path);
    } catch (error) {
      if (!(error instanceof TouchstoneError)) throw error;
      run.note('alarm', `${error.message.replaceAll(`${run.run}/`, '')}; its documents are missing from the quarantine table`);
      continue;
    }
    for (const { kind, reason, origin, id, detail } of records) {
      counts[kind]++;
      if (files.has(origin.file) || files.size < MOST_FILES) files.set(origin.file, (files.get(origin.file) ?? 0) + 1);
      const key = `${kind}/${reason}`;
      let entry = reasons.get(key);
      if (entry === undefined) reasons.set(key, (entry = { kind, reason, count: 0, examples: [] }));
      entry.count++;
      if (entry.examples.length < QUARANTINE_EXAMPLES) {
        entry.examples.push({
          file: shortName(origin.file), position: origin.position, positionKind: origin.positionKind, id: id === undefined ? null : shortName(id), detail: cutText(detail, DETAIL_CHARACTERS),
        });
      }
    }
  }
  const byCount = [...files].sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1));
  return {
    ...counts,
    reasons: [...reasons.values()].sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1)),
    files: byCount.slice(0, QUARANTINE_FILES).map(([file, count]) => ({ file: shortName(file), count })),
    filesInAll: files.size,
  };
}

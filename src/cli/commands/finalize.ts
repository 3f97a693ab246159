import { resolve } from 'node:path';
import { resolveThresholds, type ThresholdFlags } from '../../config/threshold-settings.js';
import { readPlan } from '../../run/plan.js';
import { finalizeFolder } from '../../scoring/finalize.js';
import { refuseWithoutLosses } from '../../scoring/refuse-without-losses.js';
import { runWarnings } from '../../scoring/run-warnings.js';
import { checkThresholds } from '../../scoring/thresholds.js';
import { bytesText, counted } from '../number-text.js';
import { shortPath } from '../short-path.js';
import { writeWarning } from '../warning.js';

/** Prints what was finished, then throws where it breaks a limit or holds no loss. */
export async function printFinalize(folder: string, { json, ...flags }: ThresholdFlags & { readonly json?: boolean }): Promise<void> {
  const run = resolve(folder);
  const thresholds = resolveThresholds(flags);
  const { manifest, swept, notes } = await finalizeFolder(run);
  const { planHash, totals, documents, duplicateIds } = manifest;
  for (const note of notes) process.stderr.write(`note: ${note}\n`);
  if (json === true) {
    process.stdout.write(`${JSON.stringify({ run, planHash, totals, documents, duplicateIds, removedFiles: swept.map(({ path }) => path) })}\n`);
  } else {
    if (swept.length > 0) process.stderr.write(`${sweptText(swept)}\n`);
    process.stdout.write(`${shortPath(run)} is finished: ${counted(totals.units, 'unit')}, ${counted(documents.scored, 'document')}, ${counted(totals.tokens, 'token')}, ${bytesText(totals.bytes)}\n`);
  }
  for (const text of runWarnings(manifest, (await readPlan(run)).model.vocabSize)) writeWarning(text);
  refuseWithoutLosses(shortPath(run), manifest);
  await checkThresholds(run, manifest, thresholds);
}

function sweptText(swept: readonly { readonly bytes: number }[]): string {
  const bytes = swept.reduce((sum, attempt) => sum + attempt.bytes, 0);
  return `note: removed ${counted(swept.length, 'temporary file')} (${bytesText(bytes)}) that killed processes left more than a day ago`;
}

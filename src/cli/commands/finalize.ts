import { resolve } from 'node:path';
import { finalizeFolder } from '../../scoring/finalize.js';
import { bytesText, countText } from '../number-text.js';
import { shortPath } from '../short-path.js';

export async function printFinalize(folder: string, { json }: { readonly json: boolean }): Promise<void> {
  const run = resolve(folder);
  const { manifest, swept } = await finalizeFolder(run);
  const { planHash, totals, documents, duplicateIds } = manifest;
  if (json) {
    process.stdout.write(`${JSON.stringify({ run, planHash, totals, documents, duplicateIds, removedFiles: swept.map(({ path }) => path) })}\n`);
    return;
  }
  if (swept.length > 0) {
    const bytes = swept.reduce((sum, attempt) => sum + attempt.bytes, 0);
    process.stderr.write(`note: removed ${swept.length} temporary ${swept.length === 1 ? 'file' : 'files'} (${bytesText(bytes)}) that killed processes left more than a day ago\n`);
  }
  process.stdout.write(`${shortPath(run)} is finished: ${totals.units} units, ${countText(documents.scored)} documents, ${countText(totals.tokens)} tokens, ${bytesText(totals.bytes)}\n`);
}

import type { WrittenComparison } from '../training/comparison-files.js';
import { shortPath } from './short-path.js';

/** Prints a comparison on stdout: its table, or one JSON object. */
export function writeComparisonText({ comparison, text, page, curves }: WrittenComparison, { json, quiet }: { readonly json: boolean; readonly quiet: boolean }): void {
  if (json) process.stdout.write(`${JSON.stringify({ page, curves, ...comparison })}\n`);
  else if (!quiet) process.stdout.write(`\n${text}\n${shortPath(page)}\n${shortPath(curves)}\n`);
}

import type { ComparedFolders } from '../training/compare-folders.js';
import { shortPath } from './short-path.js';

/** Prints a comparison on stdout: its table, or one JSON object. */
export function writeComparisonText({ comparison, text, page, curves }: ComparedFolders, { json, quiet }: { readonly json: boolean; readonly quiet: boolean }): void {
  if (json) process.stdout.write(`${JSON.stringify({ page, curves, ...comparison })}\n`);
  else if (!quiet) {
    const files = [page, curves].flatMap((path) => (path === null ? [] : [`${shortPath(path)}\n`]));
    process.stdout.write(`\n${text}${files.length === 0 ? '' : '\n'}${files.join('')}`);
  }
}

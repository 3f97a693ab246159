import { join } from 'node:path';
import { createFolder } from '../run/folder.js';
import { replaceFile } from '../run/replace-file.js';
import type { Comparison } from './comparison.js';
import { comparisonHtml, type ComparisonPage } from './comparison-html.js';
import { comparisonMarkdown } from './comparison-markdown.js';

export interface WrittenComparison {
  readonly comparison: Comparison;
  /** The table for people, as it stands in the file. */
  readonly text: string;
  /** compare.md and compare.html in the folder. */
  readonly page: string;
  readonly curves: string;
}

/** Writes the comparison for people into the folder, which is made if it is not there; pages of an earlier one are replaced, each whole. */
export async function writeComparison(folder: string, page: ComparisonPage): Promise<WrittenComparison> {
  const { comparison } = page;
  const text = comparisonMarkdown(page);
  const paths = { page: join(folder, 'compare.md'), curves: join(folder, 'compare.html') };
  await createFolder(folder);
  await replaceFile(paths.page, Buffer.from(text));
  await replaceFile(paths.curves, Buffer.from(comparisonHtml(page)));
  return { comparison, text, ...paths };
}

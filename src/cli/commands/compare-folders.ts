import { resolve } from 'node:path';
import { compareFolders } from '../../training/compare-folders.js';
import { writeComparisonText } from '../comparison-text.js';

export interface CompareInvocation {
  readonly runs: readonly string[];
  /** null: the table is printed and nothing written. */
  readonly out: string | null;
  readonly json: boolean;
  readonly quiet: boolean;
}

export async function runCompareFolders({ runs, out, json, quiet }: CompareInvocation): Promise<void> {
  writeComparisonText(await compareFolders({ runs: runs.map((run) => resolve(run)), folder: out === null ? null : resolve(out) }), { json, quiet });
}

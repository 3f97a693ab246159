import type { Command } from 'commander';

/** `touchstone compare`. */
export function addCompareCommand(program: Command): void {
  program
    .command('compare')
    .argument('<run...>', 'folders of finished training runs; the first is the baseline')
    .option('--out <folder>', 'where compare.md and compare.html are written; without it the table is printed alone')
    .option('--json', 'print the comparison as one JSON object on stdout')
    .option('--quiet', 'no table; errors only')
    .summary('compare finished training runs: one table, one page of curves')
    .description('Compares training runs on their evaluation sets, as far as they took the same steps over the same tokens and were evaluated on the same texts, and lists every setting in which they differ. `touchstone train --compare` trains and compares in one go, with seeds.')
    .action(async (runs: readonly string[], { out, json = false, quiet = false }: { readonly out?: string; readonly json?: boolean; readonly quiet?: boolean }) => {
      const { runCompareFolders } = await import('./compare-folders.js');
      await runCompareFolders({ runs, out: out ?? null, json, quiet });
    });
}

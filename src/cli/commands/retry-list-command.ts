import { Option, type Command } from 'commander';

/** `touchstone retry-list`. */
export function addRetryListCommand(program: Command): void {
  program
    .command('retry-list')
    .argument('<run>', 'run folder, as given to --out')
    .summary('list the tasks that have to run again')
    .description(
      'Lists the tasks whose units are not all done, by the index that score --task takes. With --tasks n these are tasks of a run cut into n slices, whatever the number was before; ' +
        'without it every unit is a task of its own, and the indexes are those of the units. Where nothing is missing stdout stays empty.',
    )
    .addOption(new Option('--format <format>', 'slurm: one --array expression such as 0-3,7; indices: one index a line').choices(['slurm', 'indices']).default('indices'))
    .option('--tasks <n>', 'slices the run is cut into, the n of score --task i/n')
    .addHelpText('after', '\nExample:\n  missing=$(touchstone retry-list runs/mine --format slurm --tasks 64)\n  [ -z "$missing" ] || sbatch --array="$missing" score.sbatch')
    .action(async (run: string, flags: { readonly format: 'slurm' | 'indices'; readonly tasks?: string }) => {
      const { printRetryList } = await import('./retry-list.js');
      await printRetryList(run, flags);
    });
}

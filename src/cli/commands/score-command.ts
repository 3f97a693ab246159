import type { Command } from 'commander';
import { flagHelp } from '../../config/flag-help.js';
import { scoreFlags } from '../../config/score-flags.js';
import { scoreSettings } from '../../config/score-settings.js';

/** `touchstone score`: flags come from the table that maps them to keys, so help, YAML and flags cannot drift apart. */
export function addScoreCommand(program: Command): void {
  const command = program
    .command('score')
    .argument('[pipeline.yaml]', 'settings; flags and --set override them')
    .summary('write the reference loss of every token of a corpus to Parquet')
    .description('Streams a corpus through a reference model and writes the loss of every token to Parquet. The same command on the same run folder resumes.');
  for (const flag of scoreFlags) command.option(`${flag.flag} ${flag.argument}`, flagHelp(scoreSettings, flag));
  command
    .option('--set <room.key=value>', 'set any key; the value is read as YAML; may be repeated', (value, earlier: readonly string[] | undefined) => [...(earlier ?? []), value])
    .option('--task <i/n>', 'score one slice of n of the units, i from 0; auto: index from a Slurm array or a Kubernetes Indexed Job, n from TOUCHSTONE_TASKS or the whole array; i/units: one unit')
    .option('--dry-run', 'print the plan as JSON and write nothing')
    .option('--json', 'print the summary as one JSON object on stdout')
    .option('--quiet', 'no progress, no summary; warnings and errors only')
    .action(async (pipelinePath: string | undefined, flags: Readonly<Record<string, unknown>>) => {
      const { runScore } = await import('./score.js');
      await runScore({
        pipelinePath,
        set: (flags['set'] ?? []) as readonly string[],
        flags,
        task: flags['task'] as string | undefined,
        dryRun: flags['dryRun'] === true,
        json: flags['json'] === true,
        quiet: flags['quiet'] === true,
      });
    });
}

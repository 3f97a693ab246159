import type { Command } from 'commander';
import { flagProperty } from '../../config/command-settings.js';
import { scoreFlags } from '../../config/score-flags.js';

/** `touchstone score`: flags come from the table that maps them to keys, so help, YAML and flags cannot drift apart. */
export function addScoreCommand(program: Command): void {
  const command = program
    .command('score')
    .argument('[pipeline.yaml]', 'settings; flags and --set override them')
    .summary('write the reference loss of every token of a corpus to Parquet')
    .description('Streams a corpus through a reference model and writes the loss of every token to Parquet. The same command on the same run folder resumes.');
  for (const { flag, argument, description, key } of scoreFlags) command.option(`${flag} ${argument}`, `${description} [${key}]`);
  command
    .option('--set <room.key=value...>', 'set any key; the value is read as YAML')
    .option('--dry-run', 'print the plan as JSON and write nothing')
    .option('--json', 'print the summary as one JSON object on stdout')
    .option('--quiet', 'no progress, no summary; errors only')
    .action(async (pipelinePath: string | undefined, flags: Readonly<Record<string, unknown>>) => {
      const { runScore } = await import('./score.js');
      const own = new Set(scoreFlags.map(({ flag }) => flagProperty(flag)));
      await runScore({
        pipelinePath,
        set: (flags['set'] as readonly string[] | undefined) ?? [],
        flags: Object.fromEntries(Object.entries(flags).filter(([name]) => own.has(name))),
        dryRun: flags['dryRun'] === true,
        json: flags['json'] === true,
        quiet: flags['quiet'] === true,
      });
    });
}

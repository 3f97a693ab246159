import type { Command } from 'commander';
import { flagHelp } from '../../config/flag-help.js';
import { trainFlags } from '../../config/train-flags.js';
import { trainSettings } from '../../config/train-settings.js';

/** `touchstone train`. */
export function addTrainCommand(program: Command): void {
  const command = program
    .command('train')
    .argument('[pipeline.yaml]', 'settings; flags and --set override them')
    .summary('train a model, on every token or on those a selection keeps')
    .description('Trains a model on a corpus (causal), or on the tokens of a score set whose excess loss is high (selective). Writes a Hugging Face folder.');
  for (const flag of trainFlags) command.option(`${flag.flag} ${flag.argument}`, flagHelp(trainSettings, flag));
  command
    .option('--set <room.key=value>', 'set any key; the value is read as YAML, and null takes back an optional key; may be repeated', (value, earlier: readonly string[] | undefined) => [...(earlier ?? []), value])
    .option('--compare <selections>', 'train once for each of these selections, between commas, and compare the models on the evaluation sets')
    .option('--seeds <count>', 'with --compare: runs of each selection (default 3)')
    .option('--resume', 'go on from the latest checkpoint; run.steps may be raised, and run.threads, evaluations and checkpoints may differ')
    .option('--dry-run', 'check that model, data and settings fit, print them as JSON, which is a settings file, and write nothing')
    .option('--json', 'print the summary as one JSON object on stdout')
    .option('--quiet', 'no progress, no summary; errors only')
    .action(async (pipelinePath: string | undefined, flags: Readonly<Record<string, unknown>>) => {
      const invocation = {
        pipelinePath,
        set: (flags['set'] ?? []) as readonly string[],
        flags,
        resume: flags['resume'] === true,
        dryRun: flags['dryRun'] === true,
        json: flags['json'] === true,
        quiet: flags['quiet'] === true,
      };
      if (flags['compare'] === undefined && flags['seeds'] === undefined) {
        const { runTrain } = await import('./train.js');
        await runTrain(invocation);
      } else {
        const { runCompare } = await import('./compare.js');
        await runCompare(invocation);
      }
    });
}

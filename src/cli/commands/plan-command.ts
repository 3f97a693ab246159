import type { Command } from 'commander';
import { flagHelp } from '../../config/flag-help.js';
import { scoreFlags } from '../../config/score-flags.js';
import { scoreSettings } from '../../config/score-settings.js';

/** `touchstone plan`: the settings and flags of `touchstone score`. */
export function addPlanCommand(program: Command): void {
  const command = program
    .command('plan')
    .argument('[pipeline.yaml]', 'settings; flags and --set override them')
    .summary('freeze the plan of a run before its tasks begin')
    .description(
      'Hashes corpus and model, cuts the corpus into units, and freezes both in plan.json of the run folder. On a run that has a plan it compares, and refuses with the first ' +
        'difference (exit code 78). Takes what touchstone score takes; score --dry-run prints the whole plan and writes nothing.',
    );
  for (const flag of scoreFlags) command.option(`${flag.flag} ${flag.argument}`, flagHelp(scoreSettings, flag));
  command
    .option('--set <room.key=value>', 'set any key; the value is read as YAML; may be repeated', (value, earlier: readonly string[] | undefined) => [...(earlier ?? []), value])
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', '\nExamples:\n  touchstone plan nightly.yaml\n  touchstone plan nightly.yaml --json | jq .units   # tasks there can be at most')
    .action(async (pipelinePath: string | undefined, flags: Readonly<Record<string, unknown>>) => {
      const { runPlan } = await import('./plan.js');
      await runPlan({ pipelinePath, set: (flags['set'] ?? []) as readonly string[], flags, json: flags['json'] === true });
    });
}

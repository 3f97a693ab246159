import type { Command } from 'commander';

/** `touchstone status`. */
export function addStatusCommand(program: Command): void {
  program
    .command('status')
    .argument('<run>', 'run folder, as given to --out')
    .summary('say how far a run is')
    .description('Says how far a run is: units done, missing and failed, tokens, speed and time left. Reads only, and may be asked while others write the run.')
    .option('--units', 'list every unit with its state and its files of the corpus')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', '\nExamples:\n  touchstone status runs/mine\n  touchstone status runs/mine --units | grep -v done\n  watch -n 60 touchstone status runs/mine')
    .action(async (run: string, flags: { readonly units?: boolean; readonly json?: boolean }) => {
      const { printStatus } = await import('./status.js');
      await printStatus(run, { units: flags.units === true, json: flags.json === true });
    });
}

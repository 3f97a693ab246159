import type { Command } from 'commander';
import type { ThresholdFlags } from '../../config/threshold-settings.js';

/** `touchstone finalize`. */
export function addFinalizeCommand(program: Command): void {
  program
    .command('finalize')
    .argument('<run>', 'run folder, as given to --out')
    .summary('write the manifest of a run whose units are all done')
    .description(
      'Writes manifest.json and _SUCCESS once every unit is done, as the score command does that scores the last one; for runs whose tasks each score a slice. ' +
        'Needs neither corpus nor model, and may be repeated. Refuses while units are missing: exit code 75, or 65 where units have failed.',
    )
    .option('--max-quarantined <limit>', 'end with exit code 65 where more documents than this are quarantined: a number, or a share such as 0.1%')
    .option('--max-nonfinite <limit>', 'the same for tokens without a finite loss')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  touchstone finalize runs/mine')
    .action(async (run: string, flags: ThresholdFlags & { readonly json?: boolean }) => {
      const { printFinalize } = await import('./finalize.js');
      await printFinalize(run, flags);
    });
}

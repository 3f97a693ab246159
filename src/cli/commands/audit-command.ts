import type { Command } from 'commander';
import type { AuditFlags } from '../../config/audit-settings.js';

/** `touchstone audit`. */
export function addAuditCommand(program: Command): void {
  program
    .command('audit')
    .argument('<run>', 'folder of a score set, finished or not')
    .summary('say what is in a score set: completeness, losses, noise, drift')
    .description('Reads a score set, never a model, and says whether it is complete, how its losses are distributed, which documents are noisy, and how it differs from others.')
    .option('--out <file>', 'write the report as one HTML file that fetches nothing')
    .option('--json [file]', 'write the numbers as JSON to a file, or print them on stdout')
    .option('--compare <run>', 'say how the losses have drifted since this earlier run')
    .option('--dynamics <runs...>', 'sort tokens by how their losses move over these checkpoints of one model, in the order of training; <run> is the last')
    .option('--live <run>', 'score set of a trained model over the same documents: excess losses, and what a selection keeps')
    .option('--keep-fraction <shares>', 'with --live: shares to keep, between commas (default 0.6)')
    .option('--fail-on <conditions>', 'exit with 65 where one is true, such as "nonfinite>0, quarantined>0.1%, psi>0.25"; also where the run is not whole: unfinished>0 and damaged>0 are added unless named')
    .option('--limits <limits>', 'watch and alarm of drift (default psi=0.1:0.25,wasserstein=0.1:0.25)')
    .option('--tokenizer <path>', 'tokenizer of the run, where it is no longer where it was scored')
    .option('--seed <text>', 'decides which documents and tokens are shown (default 0)')
    .option('--verify', 'hash every file of the run')
    .option('--quiet', 'no summary; errors only')
    .addHelpText(
      'after',
      '\nExamples:\n  touchstone audit runs/tonight --compare runs/last-night --out report.html --fail-on "nonfinite>0, quarantined>0.1%, psi>0.25"\n' +
        '  touchstone audit runs/tonight --fail-on "nonfinite>0, unfinished>50%"    # may be half finished, not damaged\n' +
        '  touchstone audit runs/tonight --fail-on "nonfinite>0, unfinished>100%"   # however far it is',
    )
    .action(async (run: string, flags: AuditFlags & { readonly out?: string; readonly json?: string | true; readonly quiet?: boolean }) => {
      const { runAudit } = await import('./audit.js');
      await runAudit(run, flags);
    });
}

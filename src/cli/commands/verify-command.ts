import type { Command } from 'commander';
import type { VerifyFlags } from './verify.js';

/** `touchstone verify`. */
export function addVerifyCommand(program: Command): void {
  program
    .command('verify')
    .argument('<run>', 'run folder, as given to --out')
    .summary('check every byte a run has left behind')
    .description(
      'Hashes every shard and quarantine file, and checks plan, commit records, columns, rows, sums, manifest and _SUCCESS against each other; lists everything that is wrong. ' +
        'With --sample it scores rows again, from their token ids, and compares the losses. Exit codes: 0 whole and finished, 74 damaged, 65 losses differ, 75 whole as far as it goes, but units are missing.',
    )
    .option('--sample <rows>', 'draw so many rows at random and score them again')
    .option('--seed <text>', 'with --sample: draws the rows that this seed drew before; without it, others every time')
    .option('--model <path>', 'with --sample: where the model is now, if it has moved')
    .option('--device <device>', 'with --sample: cpu, cuda or auto; without it, the kind the run was scored on where it works here, else the CPU, and a wider tolerance')
    .option('--threads <count>', 'with --sample: threads of the model; without it, the cores this process may use')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', '\nExamples:\n  touchstone verify runs/mine\n  touchstone verify runs/mine --sample 20')
    .action(async (run: string, flags: VerifyFlags) => {
      const { printVerify } = await import('./verify.js');
      await printVerify(run, flags);
    });
}

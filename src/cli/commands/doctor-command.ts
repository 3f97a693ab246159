import type { Command } from 'commander';
import type { DoctorFlags } from './doctor.js';

/** `touchstone doctor`. */
export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .summary('say what this machine can score on, and what is missing')
    .description(
      'Looks at the processor, the runtime and everything CUDA takes, and scores golden texts on the CPU and on every GPU to see that they work. Changes nothing. ' +
        'Exit codes: 0 the CPU works, and so does the device that was asked for; 74 it does not; 64 there is no such device.',
    )
    .option('--device <device>', 'what must work: cpu, cuda or cuda:0,1')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', '\nExamples:\n  touchstone doctor\n  touchstone doctor --device cuda && touchstone score nightly.yaml --device cuda')
    .action(async (flags: DoctorFlags) => {
      const { printDoctor } = await import('./doctor.js');
      await printDoctor(flags);
    });
}

import { Command, CommanderError } from 'commander';
import { addFinalizeCommand } from './commands/finalize-command.js';
import { addPlanCommand } from './commands/plan-command.js';
import { addRetryListCommand } from './commands/retry-list-command.js';
import { addAuditCommand } from './commands/audit-command.js';
import { addCompareCommand } from './commands/compare-command.js';
import { addDoctorCommand } from './commands/doctor-command.js';
import { addScoreCommand } from './commands/score-command.js';
import { addSelectCommand } from './commands/select-command.js';
import { addStatusCommand } from './commands/status-command.js';
import { addTrainCommand } from './commands/train-command.js';
import { addVerifyCommand } from './commands/verify-command.js';
import { TouchstoneError } from '../errors.js';
import { HungWorker } from '../runtime/hung-worker.js';
import { exitCodeOf } from './exit-codes.js';
import { exitDespiteHungThread } from './interrupt.js';
import { sayOutOfDescriptors } from './out-of-descriptors.js';
import { reportError } from './report-error.js';
import { toolIdentity } from '../tool.js';

/** Nothing is imported here but command definitions: a command loads what it needs when it runs, so --help is instant. */
function buildProgram(): Command {
  const program = new Command('touchstone')
    .description('Score every token of a corpus with a reference language model, once, into Parquet.')
    .version(toolIdentity().version)
    .showHelpAfterError('(touchstone --help lists the commands)')
    .exitOverride();
  addScoreCommand(program);
  addPlanCommand(program);
  addStatusCommand(program);
  addRetryListCommand(program);
  addFinalizeCommand(program);
  addVerifyCommand(program);
  addTrainCommand(program);
  addCompareCommand(program);
  addAuditCommand(program);
  addSelectCommand(program);
  addDoctorCommand(program);
  for (const command of program.commands) command.showHelpAfterError(`(touchstone ${command.name()} --help says how it is used)`);
  return program;
}

/** A reader that has gone away ends the command; progress that cannot be shown does not. */
function watchStreams(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exitCode = 74;
    if (error.code !== 'EPIPE') reportError(new TouchstoneError('io', `cannot write to standard output: ${error.message}`));
  });
  process.stderr.on('error', () => undefined);
}

/** Runs the command line; leaves the exit code. */
export async function main(): Promise<void> {
  watchStreams();
  try {
    await buildProgram().parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has written its own message; --help and --version end here too.
      process.exitCode = error.exitCode === 0 ? 0 : 64;
      return;
    }
    const said = sayOutOfDescriptors(error);
    reportError(said);
    process.exitCode = exitCodeOf(said);
    if (error instanceof HungWorker) exitDespiteHungThread(exitCodeOf(error));
  }
}

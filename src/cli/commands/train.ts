import { resolveTrainOptions } from '../../config/train-settings.js';
import { TouchstoneError } from '../../errors.js';
import { checkOutputFolder } from '../../training/output-folder.js';
import { prepareTraining } from '../../training/prepare-training.js';
import { holdsTraining } from '../../training/resume.js';
import { selectionText } from '../../training/selection-text.js';
import { train } from '../../training/train.js';
import { writtenOptions } from '../../training/written-options.js';
import { listenForInterrupt } from '../interrupt.js';
import { trainDisplay } from '../train-display.js';
import { trainSummary } from '../train-summary.js';

export interface TrainInvocation {
  readonly pipelinePath: string | undefined;
  readonly set: readonly string[];
  readonly flags: Readonly<Record<string, unknown>>;
  readonly resume: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
}

export async function runTrain({ pipelinePath, set, flags, resume, dryRun, json, quiet }: TrainInvocation): Promise<void> {
  const options = resolveTrainOptions({ pipelinePath, set, flags, cwd: process.cwd() });
  const interrupt = listenForInterrupt('Run the same command again with --resume to go on from here.');
  const display = trainDisplay({ quiet });
  try {
    if (dryRun) {
      await checkOutputFolder(options);
      const { notes } = await prepareTraining(options, { signal: interrupt.signal, planOnly: true });
      for (const text of notes) display.onEvent({ kind: 'note', text });
      process.stdout.write(`${JSON.stringify(writtenOptions(options), null, 2)}\n`);
      return;
    }
    if (resume && !(await holdsTraining(options.output.folder))) {
      throw new TouchstoneError('usage', `${options.output.folder} holds no training run that could be resumed`, { advice: 'Leave --resume out to begin one, or name the folder of the run with --out.' });
    }
    const result = await train(options, { signal: interrupt.signal, onEvent: display.onEvent, resume });
    display.end();
    const { model, curves, position, evaluation, evaluationBefore, emptySteps } = result;
    const { step, consumedTokens, trainedTokens, settings } = position;
    if (json) process.stdout.write(`${JSON.stringify({ model, curves, step, consumedTokens, trainedTokens, selection: selectionText(settings), emptySteps, evaluationBefore, evaluation })}\n`);
    else if (!quiet) process.stdout.write(`\n${trainSummary(result)}\n`);
  } finally {
    display.end();
    interrupt.dispose();
  }
}

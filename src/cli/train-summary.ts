import { selectionText } from '../training/selection-text.js';
import type { TrainResult } from '../training/train.js';
import { countText } from './number-text.js';
import { shortPath } from './short-path.js';

/** The end of a training run for people: what was asked, what came of it, and where it lies. */
export function trainSummary({ model, curves, position, evaluation, evaluationBefore, emptySteps }: TrainResult): string {
  const { step, consumedTokens, trainedTokens, settings } = position;
  const setting = (key: string): string => String(settings[`optimizer.${key}`]);
  const share = consumedTokens === 0 ? '0' : ((100 * trainedTokens) / consumedTokens).toFixed(1);
  const falling = setting('schedule') === 'constant' ? 'constant' : `${setting('schedule')} to ${setting('minLearningRate')}`;
  return [
    `steps      ${step}, ${countText(consumedTokens)} tokens seen, ${countText(trainedTokens)} trained on (${share} %)`,
    `selection  ${selectionText(settings)}${emptySteps === 0 ? '' : `; kept no token in ${emptySteps} of ${step} steps, which learned nothing`}`,
    `rate       ${setting('learningRate')}, ${falling}, ${setting('warmupSteps')} steps of warm-up`,
    ...Object.entries(evaluation).map(([name, loss]) => `${name.padEnd(10)} ${loss.toFixed(4)} nats${evaluationBefore[name] === undefined ? '' : `, ${evaluationBefore[name].toFixed(4)} before training`}`),
    `model      ${shortPath(model)}`,
    `curves     ${shortPath(curves)}`,
  ].join('\n');
}

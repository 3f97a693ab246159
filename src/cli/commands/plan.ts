import { resolveScoreOptions } from '../../config/parse-score-options.js';
import { checkWritable } from '../../run/check-writable.js';
import { freezePlan, type FrozenPlan, type Plan } from '../../run/plan.js';
import { listenForInterrupt } from '../interrupt.js';
import { bytesText, countText } from '../number-text.js';
import { preparePlan } from '../prepare-plan.js';
import { scoreDisplay } from '../score-display.js';
import { shortPath } from '../short-path.js';

export interface PlanInvocation {
  readonly pipelinePath: string | undefined;
  readonly set: readonly string[];
  readonly flags: Readonly<Record<string, unknown>>;
  readonly json: boolean;
}

export async function runPlan({ pipelinePath, set, flags, json }: PlanInvocation): Promise<void> {
  const options = resolveScoreOptions({ pipelinePath, set, flags, cwd: process.cwd() });
  const interrupt = listenForInterrupt('Run the same command again.');
  const display = scoreDisplay({ quiet: false });
  try {
    const { run } = options.output;
    await checkWritable(run, 'output.run');
    const plan = await preparePlan(options, display, interrupt.signal);
    const frozen = await freezePlan(run, plan);
    process.stdout.write(json ? `${JSON.stringify(planFacts(run, plan, frozen))}\n` : planText(shortPath(run), plan, frozen));
  } finally {
    interrupt.dispose();
  }
}

function planFacts(run: string, plan: Plan, { planHash, outcome }: FrozenPlan): object {
  const { files, units, limitDocs } = plan.corpus;
  return {
    run,
    planHash,
    created: outcome === 'created',
    units: units.length,
    files: files.length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    limitDocs,
    modelHash: plan.model.hash,
    tokenizerHash: plan.tokenizer.hash,
    precision: plan.model.precision,
    device: plan.model.device,
    windows: plan.windows,
  };
}

function planText(run: string, { corpus, model, windows }: Plan, { planHash, outcome }: FrozenPlan): string {
  const { layout, contextLength, stride, bos } = windows;
  const documents = corpus.limitDocs === null ? '' : `, the first ${corpus.limitDocs} documents`;
  return [
    `plan     ${run}/plan.json, ${outcome === 'created' ? 'frozen' : 'the same as before'}: ${planHash}`,
    `corpus   ${corpus.files.length} ${corpus.files.length === 1 ? 'file' : 'files'}, ${bytesText(corpus.files.reduce((sum, { bytes }) => sum + bytes, 0))}${documents}`,
    `units    ${corpus.units.length}, each of which becomes a shard: at most so many tasks can share the run`,
    `model    ${model.modelType}, vocabulary ${countText(model.vocabSize)}, ${bytesText(model.files.reduce((sum, { bytes }) => sum + bytes, 0))}, ${model.precision} on ${model.device === 'cpu' ? 'CPU' : 'CUDA'}`,
    `windows  ${layout === 'packed' ? `packed rows, context ${contextLength}` : `context ${contextLength}, stride ${stride}`}, BOS ${bos}`,
    '',
  ].join('\n');
}

import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { SettingsInput } from '../../src/config/resolve-settings.js';
import { resolveScoreOptions } from '../../src/config/parse-score-options.js';
import { resolveTrainOptions } from '../../src/config/train-settings.js';

const FOLDER = fileURLToPath(new URL('../../pipelines/gsm8k/', import.meta.url));
const input = (name: string): SettingsInput => ({ pipelinePath: `${FOLDER}${name}`, set: [], flags: {}, cwd: '/' });

describe('the pipelines of the GSM8K experiment', () => {
  const reference = resolveTrainOptions(input('reference.yaml'));
  const score = resolveScoreOptions(input('score.yaml'));
  const live = resolveTrainOptions(input('train.yaml'));

  it('are a reference model, its scores and a live model, each taking up what the one before leaves behind', () => {
    expect(readdirSync(FOLDER).filter((name) => name.endsWith('.yaml')).sort()).toEqual(['reference.yaml', 'score.yaml', 'train.yaml']);
    expect(score.model.path).toBe(`${reference.output.folder}/model`);
    expect(live.data.scores).toBe(score.output.run);
    expect([reference.objective.kind, live.objective.kind]).toEqual(['causal', 'selective']);
  });

  it('train both models from different weights, neither on what the live model is evaluated on', () => {
    expect(reference.model.seed).not.toBe(live.model.seed);
    expect(Object.values(live.run.evaluateOn)).not.toEqual(expect.arrayContaining([...reference.data.corpus!, ...score.corpus.paths]));
  });
});

import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { resolveScoreOptions } from '../../src/config/parse-score-options.js';
import { resolveTrainOptions } from '../../src/config/train-settings.js';

const PIPELINES = fileURLToPath(new URL('../../pipelines/', import.meta.url));
const FILES = readdirSync(PIPELINES).filter((name) => name.endsWith('.yaml'));

describe('the pipelines', () => {
  it('come in pairs: a tiny one that runs here, and a real one to copy', () => {
    const kinds = (size: string): string[] => FILES.filter((name) => name.endsWith(`.${size}.yaml`)).map((name) => name.split('.')[0]!);
    expect(kinds('tiny').length).toBeGreaterThan(0);
    expect(kinds('tiny')).toEqual(kinds('real'));
    expect(kinds('tiny').length * 2).toBe(FILES.length);
  });

  it.each(FILES.filter((name) => name.startsWith('score.')))('%s holds settings that score understands', (name) => {
    const options = resolveScoreOptions({ pipelinePath: `${PIPELINES}${name}`, set: [], flags: {}, cwd: '/' });
    expect(options.output.run).toMatch(/^\//);
  });

  it.each(FILES.filter((name) => name.startsWith('train.')))('%s holds settings that train understands', (name) => {
    const options = resolveTrainOptions({ pipelinePath: `${PIPELINES}${name}`, set: [], flags: {}, cwd: '/' });
    expect(options.output.folder).toMatch(/^\//);
  });

  it('have no other kinds', () => {
    expect(FILES.filter((name) => !/^(score|train)\./.test(name))).toEqual([]);
  });
});

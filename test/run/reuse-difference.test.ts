import { describe, expect, it } from 'vitest';

import { sha256Of } from '../../src/run/file-hash.js';
import type { Plan } from '../../src/run/plan.js';
import { reuseDifference } from '../../src/run/reuse-difference.js';
import { examplePlan } from './example-run.js';

const plan = examplePlan();
const ALL_STATS = { entropy: true, top1: true, bytes: true };
const withOutput = (output: Partial<Plan['output']>): Plan => ({ ...plan, output: { ...plan.output, ...output } });
const withWindows = (windows: Partial<Plan['windows']>): Plan => ({ ...plan, windows: { ...plan.windows, ...windows } });

describe('rows of an earlier run', () => {
  it.each<[string, Plan]>([
    ['another corpus, cut into other units', { ...examplePlan(2), corpus: { ...plan.corpus, limitDocs: 7, textField: ['body'], idField: 'key', maxLineBytes: 9, files: [], units: [] } }],
    ['a model and a tokenizer in other folders', { ...plan, model: { ...plan.model, location: '/elsewhere' }, tokenizer: { ...plan.tokenizer, location: '/elsewhere' } }],
    ['row groups of another size', withOutput({ rowGroupTokens: 7 })],
    ['further statistics that were stored', withOutput({ stats: ALL_STATS })],
    ['an EOS that stands for nothing in the document layout', withWindows({ eosId: 77 })],
  ])('can be copied from a run with %s', (_, earlier) => {
    expect(reuseDifference(earlier, plan)).toBeUndefined();
  });

  it('can be rounded where they were stored exactly, and copied where both are rounded', () => {
    expect(reuseDifference(plan, withOutput({ lossPrecision: 'grid11' }))).toBeUndefined();
    expect(reuseDifference(withOutput({ lossPrecision: 'grid11' }), withOutput({ lossPrecision: 'grid11' }))).toBeUndefined();
  });

  it('can be copied where the same token precedes a document under another name', () => {
    expect(reuseDifference(withWindows({ bos: 'eos-as-bos', eosId: 1 }), plan)).toBeUndefined();
  });

  it.each<[string, Plan, string]>([
    ['another model', { ...plan, model: { ...plan.model, hash: sha256Of('other') } }, `model.hash is "${sha256Of('other')}" in that run and "${plan.model.hash}" in this command`],
    ['another precision', { ...plan, model: { ...plan.model, precision: 'int8' } }, 'model.precision is "int8" in that run and "float32" in this command'],
    ['another tokenizer', { ...plan, tokenizer: { ...plan.tokenizer, hash: sha256Of('other') } }, `tokenizer.hash is "${sha256Of('other')}"`],
    ['another tokenizer library', { ...plan, tokenizer: { ...plan.tokenizer, libraryVersion: '0.1.0' } }, 'tokenizer.libraryVersion is "0.1.0" in that run and "0.23.2" in this command'],
    ['another version of this program', { ...plan, tool: { ...plan.tool, version: '0.0.9' } }, 'tool.version is "0.0.9" in that run and "0.1.0" in this command'],
    ['another runtime', { ...plan, tool: { ...plan.tool, onnxruntime: '1.27.0' } }, 'tool.onnxruntime is "1.27.0"'],
    ['another context length', withWindows({ contextLength: 512, stride: 100 }), 'windows.contextLength is 512 in that run and 1024 in this command'],
    ['another stride', withWindows({ stride: 100 }), 'windows.stride is 100 in that run and 512 in this command'],
    ['packed rows', withWindows({ layout: 'packed' }), 'windows.layout is "packed" in that run and "document" in this command'],
    ['no token before a document', withWindows({ bos: 'none' }), 'the token before a document (windows.bos) is null in that run and 1 in this command'],
    ['another token before a document', withWindows({ bosId: 9 }), 'the token before a document (windows.bos) is 9 in that run and 1 in this command'],
    ['rounded losses', withOutput({ lossPrecision: 'grid11' }), 'output.lossPrecision is "grid11" in that run and "exact" in this command: what was rounded is lost'],
  ])('cannot be copied from a run with %s, and the first difference is named', (_, earlier, difference) => {
    expect(reuseDifference(earlier, plan)).toContain(difference);
  });

  it.each(['entropy', 'top1', 'bytes'] as const)('cannot give %s that were not stored', (name) => {
    const stored = withOutput({ stats: { ...ALL_STATS, [name]: false } });
    expect(reuseDifference(stored, withOutput({ stats: ALL_STATS }))).toBe(`output.stats of this command has ${name}, and that run did not store it`);
  });
});

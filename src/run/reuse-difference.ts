import { canonicalJson } from './canonical-json.js';
import { prefixId, type Plan } from './plan-record.js';

/**
 * The first setting by which a row that `earlier` scored could differ from the one `mine` would write for the same text, as a sentence; undefined
 * where every row can be copied. Corpus, units, row groups and locations do not matter, nor do ids that stand for nothing: a row holds its text's
 * tokens and their losses. Losses that are to be rounded may come exact, and of the optional columns more than are asked for may be there.
 */
export function reuseDifference(earlier: Plan, mine: Plan): string | undefined {
  for (const [name, decides] of DECIDING) {
    const [theirs, ours] = [decides(earlier), decides(mine)];
    if (theirs !== ours) return `${name} is ${canonicalJson(theirs)} in that run and ${canonicalJson(ours)} in this command`;
  }
  const { stats, lossPrecision } = mine.output;
  if (lossPrecision === 'exact' && earlier.output.lossPrecision !== 'exact') {
    return `output.lossPrecision is "${earlier.output.lossPrecision}" in that run and "exact" in this command: what was rounded is lost`;
  }
  for (const name of ['entropy', 'top1', 'bytes'] as const) {
    if (stats[name] && !earlier.output.stats[name]) return `output.stats of this command has ${name}, and that run did not store it`;
  }
  return undefined;
}

/** Causes before consequences. */
const DECIDING: readonly (readonly [name: string, value: (plan: Plan) => string | number | null])[] = [
  ['tool.version', ({ tool }) => tool.version],
  ['tool.onnxruntime', ({ tool }) => tool.onnxruntime],
  ['model.modelType', ({ model }) => model.modelType],
  ['model.hash', ({ model }) => model.hash],
  ['model.precision', ({ model }) => model.precision],
  ['model.device', ({ model }) => model.device],
  ['tokenizer.hash', ({ tokenizer }) => tokenizer.hash],
  ['tokenizer.library', ({ tokenizer }) => tokenizer.library],
  ['tokenizer.libraryVersion', ({ tokenizer }) => tokenizer.libraryVersion],
  ['windows.layout', ({ windows }) => windows.layout],
  ['windows.contextLength', ({ windows }) => windows.contextLength],
  ['windows.stride', ({ windows }) => windows.stride],
  ['the token before a document (windows.bos)', prefixId],
];

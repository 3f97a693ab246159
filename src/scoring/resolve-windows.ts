import { TouchstoneError } from '../errors.js';
import type { Plan } from '../run/plan.js';
import type { ScoreOptions } from './options.js';

/** What the tokenizer and the model say about contexts. */
export interface ContextFacts {
  readonly maxPositions: number | null;
  readonly bosId: number | null;
  readonly eosId: number | null;
  /** Whether the checkpoint's own tokenizer begins every text with BOS. */
  readonly addsBos: boolean;
}

/** Longest context that is chosen without being asked for: longer ones cost attention quadratically. */
const AUTO_CONTEXT = 2048;

/** Turns every 'auto' into a value and checks the values against the model; what it returns is frozen in the plan. */
export function resolveWindows(options: ScoreOptions['windows'], facts: ContextFacts): Plan['windows'] {
  const { maxPositions, bosId, eosId } = facts;
  const contextLength = options.contextLength === 'auto' ? Math.min(AUTO_CONTEXT, maxPositions ?? AUTO_CONTEXT) : options.contextLength;
  if (contextLength < 2) throw new TouchstoneError('usage', `windows.contextLength must be at least 2, got ${contextLength}`);
  if (maxPositions !== null && contextLength > maxPositions) {
    throw new TouchstoneError('usage', `windows.contextLength must be at most ${maxPositions} for this model, got ${contextLength}`);
  }
  const { layout } = options;
  if (layout === 'packed' && options.stride !== 'auto') {
    throw new TouchstoneError('usage', `windows.stride has no meaning in the packed layout, got ${options.stride}`, { advice: 'Leave it out: every packed row is one window.' });
  }
  // A packed row is one window: any stride will do, and the largest makes that visible.
  const stride = layout === 'packed' ? contextLength - 1 : options.stride === 'auto' ? Math.floor(contextLength / 2) : options.stride;
  if (stride < 1 || stride >= contextLength) {
    throw new TouchstoneError('usage', `windows.stride must be from 1 to contextLength - 1 = ${contextLength - 1}, got ${stride}`, {
      advice: 'A stride of the whole context would leave the first token of every window without context.',
    });
  }
  const bos = options.bos === 'auto' ? (facts.addsBos && bosId !== null ? 'bos' : 'none') : options.bos;
  if (bos === 'bos' && bosId === null) throw missingToken('windows.bos is "bos"', 'BOS', 'Use --bos none or --bos eos-as-bos.');
  if (bos === 'eos-as-bos' && eosId === null) throw missingToken('windows.bos is "eos-as-bos"', 'EOS', 'Use --bos none or --bos bos.');
  if (layout === 'packed' && eosId === null) throw missingToken('windows.layout is "packed", which separates documents by EOS', 'EOS', 'Use --layout document.');
  return { layout, contextLength, stride, bos, bosId, eosId };
}

function missingToken(setting: string, token: string, advice: string): TouchstoneError {
  return new TouchstoneError('usage', `${setting}, and the tokenizer names no ${token} token in tokenizer_config.json or config.json`, { advice });
}

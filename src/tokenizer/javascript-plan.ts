import { BYTE_CHARACTERS } from './byte-alphabet.js';
import { patternOf, type Component, type TokenizerDefinition } from './definition.js';
import { marksSpaces } from './surface.js';

/**
 * What the pure JavaScript library is given so that it yields the reference library's ids. It takes shortcuts (JavaScript's own \s and \d,
 * settings it does not look at), so steps are respelt in terms it does follow exactly, and what cannot be respelt is refused.
 */
export interface JavascriptPlan {
  /** tokenizer.json, respelt. */
  readonly json: Readonly<Record<string, unknown>>;
  /** Why the library would be wrong about this tokenizer; empty where it is exact. */
  readonly refusals: readonly string[];
}

export function planJavascript(definition: TokenizerDefinition): JavascriptPlan {
  const preTokenizers = definition.preTokenizers.map(respell);
  const refusals = [
    ...refuseModel(definition),
    ...refuseAddedTokens(definition),
    ...definition.normalizers.filter((step) => !isExactNormalizer(step)).map((step) => `the normalizer ${nameOf(step)}`),
    ...definition.preTokenizers.filter((_, i) => preTokenizers[i] === null).map((step) => `the pre-tokenizer ${nameOf(step)}`),
  ];
  const { json } = definition;
  return {
    json: {
      ...json,
      model: definition.model,
      added_tokens: definition.added,
      normalizer: json['normalizer'] ?? null,
      pre_tokenizer: preTokenizers.length === 0 ? null : { type: 'Sequence', pretokenizers: preTokenizers.flatMap((steps) => steps ?? []) },
      post_processor: json['post_processor'] ?? null,
      decoder: json['decoder'] ?? null,
    },
    refusals,
  };
}

/** GPT-2's pattern, which ByteLevel splits by unless told otherwise. https://github.com/openai/gpt-2/blob/master/src/encoder.py */
const GPT2_PATTERN = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

const split = (regex: string): Component => ({ type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false });

/** The same step in terms the library follows exactly, or null. */
function respell(step: Component, index: number): Component[] | null {
  switch (step.type) {
    case 'ByteLevel':
      // Its own pattern uses JavaScript's \s, which has U+FEFF and lacks U+0085; patterns of Split are translated.
      if (step['add_prefix_space'] === true) return null;
      return step['use_regex'] === false ? [step] : [split(GPT2_PATTERN), { ...step, use_regex: false }];
    case 'Digits':
      // Its digits are ASCII; the reference takes all numbers.
      return [split(step['individual_digits'] === true ? String.raw`\p{N}|[^\p{N}]+` : String.raw`\p{N}+|[^\p{N}]+`)];
    case 'Metaspace': {
      // It never splits, and takes every piece of the first stretch of a text for its beginning.
      const mark = typeof step['replacement'] === 'string' ? step['replacement'] : '▁';
      if (step['add_prefix_space'] === false || index > 0) return null;
      return step['split'] === false ? [step] : [step, split(nextTo(mark, 'next'))];
    }
    case 'Split':
      return respellSplit(step);
    default:
      return null;
  }
}

function respellSplit(step: Component): Component[] | null {
  const pattern = patternOf(step);
  const behavior = step['behavior'];
  if (pattern === null) return null;
  if (pattern.kind === 'Regex' && isPossessive(pattern.source)) return null;
  if (behavior === 'Removed') return step['invert'] === true && pattern.kind === 'Regex' ? [step] : null;
  if (step['invert'] === true) return null;
  if (behavior === 'Isolated') return [step];
  if (pattern.kind !== 'String' || !/^.$/su.test(pattern.source)) return null;
  if (behavior === 'MergedWithPrevious') return [split(nextTo(pattern.source, 'previous'))];
  return behavior === 'MergedWithNext' ? [split(nextTo(pattern.source, 'next'))] : null;
}

/** Whether a pattern has possessive quantifiers or atomic groups, which the library takes for ordinary ones. */
function isPossessive(regex: string): boolean {
  const skeleton = regex.replace(/\\[pPx]\{[^}]*\}|\\./gs, 'x').replace(/\[\^?\]?[^\]]*\]/g, 'x');
  return /[+*?}]\+|\(\?>/.test(skeleton);
}

/** Pieces that keep one separating character at their end or beginning. */
function nextTo(character: string, side: 'previous' | 'next'): string {
  const literal = `\\x{${character.codePointAt(0)!.toString(16)}}`;
  return side === 'previous' ? `[^${literal}]*${literal}|[^${literal}]+` : `${literal}?[^${literal}]+|${literal}`;
}

function isExactNormalizer(step: Component): boolean {
  return step.type === 'NFC' || step.type === 'Prepend' || marksSpaces(step);
}

function refuseModel({ model, vocab, preTokenizers }: TokenizerDefinition): string[] {
  if (model.type !== 'BPE') return [`the model ${model.type}`];
  const refusals: string[] = [];
  for (const affix of ['continuing_subword_prefix', 'end_of_word_suffix']) if (model[affix]) refusals.push(`the model's ${affix}`);
  const isByteLevel = preTokenizers.at(-1)?.type === 'ByteLevel';
  const byteTokens = isByteLevel ? BYTE_CHARACTERS : BYTE_CHARACTERS.map((_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  const knowsAllText = (isByteLevel || model['byte_fallback'] === true) && byteTokens.every((token) => vocab.has(token));
  if (!knowsAllText) refusals.push('unknown tokens (its vocabulary has no token for every byte)');
  return refusals;
}

function refuseAddedTokens({ added, vocab, normalizers, preTokenizers }: TokenizerDefinition): string[] {
  const refusals: string[] = [];
  for (const flag of ['single_word', 'lstrip', 'rstrip'] as const) {
    const token = added.find((candidate) => candidate[flag]);
    if (token) refusals.push(`the added token ${JSON.stringify(token.content)} (${flag})`);
  }
  const addsSpace = [...normalizers, ...preTokenizers].some((step) => step.type === 'Prepend' || step.type === 'Metaspace');
  const normalized = addsSpace ? added.find((token) => token.normalized) : undefined;
  if (normalized) refusals.push(`the added token ${JSON.stringify(normalized.content)} (normalized, behind a prefix space)`);
  // The reference library numbers them itself: in order, from the end of the vocabulary.
  let next = vocab.size;
  for (const { content, id } of added) if (id !== (vocab.get(content) ?? next++)) refusals.push(`the id ${id} of the added token ${JSON.stringify(content)}`);
  return refusals;
}

function nameOf(step: Component): string {
  const settings = Object.entries(step).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  const shown = settings.filter((setting) => !setting.startsWith('type:') && setting.length < 80);
  return shown.length === 0 ? step.type : `${step.type} (${shown.join(', ')})`;
}

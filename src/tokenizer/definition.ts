/** One step of a tokenizer as tokenizer.json spells it. */
export interface Component {
  readonly type: string;
  readonly [setting: string]: unknown;
}

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  /** Looked for in the normalized text instead of the raw one. */
  readonly normalized: boolean;
  readonly single_word: boolean;
  /** Takes the whitespace before (after) it along. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
}

/** What tokenizer.json says, with sequences of steps flattened and defaults filled in. */
export interface TokenizerDefinition {
  readonly model: Component;
  /** The model's own vocabulary, without added tokens. */
  readonly vocab: ReadonlyMap<string, number>;
  readonly added: readonly AddedToken[];
  readonly normalizers: readonly Component[];
  readonly preTokenizers: readonly Component[];
  readonly decoders: readonly Component[];
  readonly truncates: boolean;
  readonly pads: boolean;
  /** The file as parsed. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** Reads a parsed tokenizer.json. Throws an Error whose message completes "the file is not a tokenizer: ". */
export function parseDefinition(json: unknown): TokenizerDefinition {
  if (!isRecord(json)) throw new Error('it holds no JSON object');
  if (!isRecord(json['model'])) throw new Error('it has no "model" object');
  const model = json['model'];
  const vocab = readVocab(model['vocab']);
  return {
    model: { ...model, type: typeof model['type'] === 'string' ? model['type'] : modelTypeOf(model) },
    vocab,
    added: readAdded(json['added_tokens'] ?? []),
    normalizers: flatten(json['normalizer'], 'normalizers'),
    preTokenizers: flatten(json['pre_tokenizer'], 'pretokenizers'),
    decoders: flatten(json['decoder'], 'decoders'),
    truncates: (json['truncation'] ?? null) !== null,
    pads: (json['padding'] ?? null) !== null,
    json,
  };
}

/** The pattern of a Split or Replace step: a literal string or a regular expression. */
export function patternOf(step: Component): { readonly kind: 'String' | 'Regex'; readonly source: string } | null {
  const pattern = step['pattern'];
  if (!isRecord(pattern)) return null;
  if (typeof pattern['String'] === 'string') return { kind: 'String', source: pattern['String'] };
  if (typeof pattern['Regex'] === 'string') return { kind: 'Regex', source: pattern['Regex'] };
  return null;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Files older than 2021 do not name the model's type. */
function modelTypeOf(model: Readonly<Record<string, unknown>>): string {
  if (Array.isArray(model['vocab'])) return 'Unigram';
  if ('merges' in model) return 'BPE';
  return 'continuing_subword_prefix' in model ? 'WordPiece' : 'WordLevel';
}

/** BPE and its like map pieces to ids; Unigram lists [piece, score] in the order of ids. */
function readVocab(vocab: unknown): Map<string, number> {
  const ids = new Map<string, number>();
  if (Array.isArray(vocab)) {
    for (const [id, entry] of vocab.entries()) {
      if (!Array.isArray(entry) || typeof entry[0] !== 'string') throw new Error(`entry ${id} of its vocabulary is not a pair of piece and score`);
      ids.set(entry[0], id);
    }
    return ids;
  }
  if (!isRecord(vocab)) throw new Error('its model has no "vocab"');
  for (const [piece, id] of Object.entries(vocab)) {
    if (!isId(id)) throw new Error(`its vocabulary gives ${JSON.stringify(piece)} no id but ${JSON.stringify(id)}`);
    ids.set(piece, id);
  }
  return ids;
}

function readAdded(added: unknown): AddedToken[] {
  if (!Array.isArray(added)) throw new Error('its "added_tokens" is not a list');
  return added.map((token: unknown, index) => {
    if (!isRecord(token) || !isId(token['id']) || typeof token['content'] !== 'string') throw new Error(`entry ${index} of its "added_tokens" has no id or no content`);
    const flag = (name: string): boolean => token[name] === true;
    const special = flag('special');
    const normalized = typeof token['normalized'] === 'boolean' ? token['normalized'] : !special;
    return { id: token['id'], content: token['content'], special, normalized, single_word: flag('single_word'), lstrip: flag('lstrip'), rstrip: flag('rstrip') };
  });
}

function isId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31;
}

function flatten(step: unknown, sequenceKey: string): Component[] {
  if (step === null || step === undefined) return [];
  if (!isRecord(step) || typeof step['type'] !== 'string') throw new Error(`it has a step without a type: ${JSON.stringify(step)}`);
  if (step['type'] !== 'Sequence') return [step as Component];
  const steps = step[sequenceKey];
  if (!Array.isArray(steps)) throw new Error(`it has a Sequence without "${sequenceKey}"`);
  return steps.flatMap((inner) => flatten(inner, sequenceKey));
}

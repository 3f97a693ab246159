import { isRecord } from './definition.js';
import { readCompanion } from './tokenizer-file.js';
import type { SpecialTokenSource } from './tokenizer.js';
import type { Vocabulary } from './vocabulary.js';

export interface SpecialToken {
  readonly id: number;
  readonly source: SpecialTokenSource;
}

/** Files that name a token by its text, then files that give its id. */
const NAMING = ['tokenizer_config.json', 'special_tokens_map.json'] as const;
const NUMBERING = ['config.json', 'generation_config.json'] as const;

/**
 * BOS and EOS as the files beside tokenizer.json give them; the first that knows one is believed. Of a list of EOS ids the first is taken:
 * the others end turns, not documents. `notes` is told of tokens that tokenizer.json lacks.
 */
export async function findSpecialTokens(
  folder: string,
  { ids }: Vocabulary,
  notes: string[],
): Promise<{ readonly bos: SpecialToken | null; readonly eos: SpecialToken | null }> {
  const companions = new Map<string, Readonly<Record<string, unknown>> | null>();
  for (const name of [...NAMING, ...NUMBERING]) companions.set(name, await readCompanion(folder, name));
  const find = (key: 'bos_token' | 'eos_token'): SpecialToken | null => {
    for (const source of NAMING) {
      const content = contentOf(companions.get(source)?.[key]);
      if (content === null) continue;
      const id = ids.get(content);
      if (id !== undefined) return { id, source };
      notes.push(`${source} names ${JSON.stringify(content)} as ${key}, and tokenizer.json has no such token; the name is ignored.`);
    }
    for (const source of NUMBERING) {
      const value = companions.get(source)?.[`${key}_id`];
      const id: unknown = Array.isArray(value) ? value[0] : value;
      if (typeof id === 'number' && Number.isInteger(id) && id >= 0) return { id, source };
    }
    return null;
  };
  const stray = strayTokens(companions.get('tokenizer_config.json')?.['added_tokens_decoder'], ids);
  if (stray.length > 0) {
    notes.push(`tokenizer_config.json adds ${stray.slice(0, 3).join(', ')}${stray.length > 3 ? ` and ${stray.length - 3} more tokens` : ''}, which tokenizer.json lacks; in texts they count as ordinary characters.`);
  }
  return { bos: find('bos_token'), eos: find('eos_token') };
}

/** Tokens that transformers' AutoTokenizer would add to those of tokenizer.json. */
function strayTokens(addedTokensDecoder: unknown, ids: ReadonlyMap<string, number>): string[] {
  if (!isRecord(addedTokensDecoder)) return [];
  const contents = Object.values(addedTokensDecoder).map(contentOf);
  return contents.flatMap((content) => (content === null || ids.has(content) ? [] : [JSON.stringify(content)]));
}

/** A token is written as its text, or as an object with its text and flags. */
function contentOf(token: unknown): string | null {
  if (typeof token === 'string') return token;
  return isRecord(token) && typeof token['content'] === 'string' ? token['content'] : null;
}

/** The ids a post-processor puts before a text, given the ids of one text with and without it; empty where it puts none. */
export function idsBefore(plain: readonly number[], completed: readonly number[]): readonly number[] {
  for (let at = 0; at + plain.length <= completed.length; at++) {
    if (plain.every((id, i) => completed[at + i] === id)) return completed.slice(0, at);
  }
  return [];
}

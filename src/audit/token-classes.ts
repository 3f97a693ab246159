import type { TokenClass } from './report-data/distribution.js';
import type { VocabularyText } from './vocabulary-text.js';

/** In the order of reports. */
export const TOKEN_CLASSES: readonly TokenClass[] = ['word', 'digits', 'punctuation', 'whitespace', 'special', 'bytes', 'unknown'];

/** Ids above this have no entry of their own; no vocabulary is that large. */
const LARGEST_TABLE = 1 << 24;

/** (vocabSize) Index in TOKEN_CLASSES by id; each id is looked at once. */
export function classTable(vocabulary: VocabularyText, vocabSize: number): Uint8Array {
  return Uint8Array.from({ length: Math.min(vocabSize, LARGEST_TABLE) }, (_, id) => TOKEN_CLASSES.indexOf(vocabulary.classOf(id)));
}

/** Writes the class of each token; ids outside the table are unknown. */
export function writeClasses(ids: Int32Array, table: Uint8Array, target: Uint16Array): void {
  const unknown = TOKEN_CLASSES.indexOf('unknown');
  for (let i = 0; i < ids.length; i++) target[i] = table[ids[i]!] ?? unknown;
}

import type { Origin } from '../records.js';
import { describe } from './value-kind.js';

export type DocumentId =
  | { readonly kind: 'given'; readonly id: string }
  | { readonly kind: 'made'; readonly id: string }
  | { readonly kind: 'invalid'; readonly found: string };

/**
 * The id of a document: the field's string as it is, an integer's decimal digits (all of them: `digits` gives those a JavaScript number has lost),
 * and "<file>:<position>" where the field is absent or null. Unique within a corpus as far as the given ids are.
 */
export function documentId(value: unknown, origin: Origin, digits?: () => string | undefined): DocumentId {
  if (value === undefined || value === null) return { kind: 'made', id: `${origin.file}:${origin.position}` };
  if (typeof value === 'string') {
    return value.isWellFormed() ? { kind: 'given', id: value } : { kind: 'invalid', found: 'a string with a lone surrogate' };
  }
  if (typeof value === 'bigint') return { kind: 'given', id: String(value) };
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return { kind: 'given', id: String(value) };
    const exact = digits?.();
    if (exact !== undefined && /^-?\d+$/.test(exact)) return { kind: 'given', id: exact };
    return { kind: 'invalid', found: `the number ${exact ?? String(value)}` };
  }
  return { kind: 'invalid', found: describe(value) };
}

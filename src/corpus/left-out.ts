import type { LeftOut, LeftOutReason, Origin } from '../records.js';

/** LeftOut.detail is never longer than this many UTF-16 units. */
const DETAIL_LENGTH = 300;

/** Characters that would break a line of a log or steer a terminal: C0, DEL and C1 controls, line separators, bidirectional marks, lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\p{Cs}]/gu;

/** A quarantined document; for the reason 'empty-text', a skipped one. The detail is made printable and cut to 300 characters. */
export function leftOut(reason: LeftOutReason, origin: Origin, detail: string, id?: string): LeftOut {
  const kind = reason === 'empty-text' ? 'skipped' : 'quarantined';
  const item = { kind, origin, reason, detail: printable(detail) } as const;
  return id === undefined ? item : { ...item, id };
}

/** The text with control characters and lone surrogates written as \uXXXX, cut to 300 characters. */
export function printable(text: string): string {
  // Escapes only lengthen a text: what lies beyond the limit before escaping lies beyond it afterwards.
  const escaped = text.slice(0, DETAIL_LENGTH + 1).replace(UNPRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  if (escaped.length <= DETAIL_LENGTH) return escaped;
  // Cutting may halve a surrogate pair.
  return `${escaped.slice(0, DETAIL_LENGTH - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

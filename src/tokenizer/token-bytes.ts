import { alignNormalForm, countInSource } from './normal-form.js';
import { SPACE_MARK, type Surfaces } from './surface.js';

/**
 * How many UTF-8 bytes of a text each token covers. The counts of a text sum to its bytes. Rules, in this order:
 * 1. A token covers the bytes it stands for: part of a character for a byte token, "▁" one space, a prefix space the text does not have nothing.
 * 2. Where normalization changed characters, the tokens of the new ones share the bytes of the old ones in proportion.
 * 3. Text that no token stands for counts towards the token after it, at the end of the text towards the last one.
 */
export type TokenBytes = Int32Array<ArrayBuffer>;

const SPACE = 0x20;
const METASPACE = [0xe2, 0x96, 0x81] as const;

/**
 * Follows the text with what the tokens stand for, comparing every byte (rules 1 and 2). Linear in the text.
 * Null where they part: the tokenizer changes texts in other ways than by a normal form, or has no token for some of this one.
 */
export function bytesBySurface(text: string, ids: ArrayLike<number>, surfaces: Surfaces): TokenBytes | null {
  const { normalForm } = surfaces;
  if (normalForm === null || text.normalize(normalForm) === text) return follow(Buffer.from(text), ids, surfaces);
  const aligned = alignNormalForm(text, normalForm);
  const counts = aligned && follow(Buffer.from(aligned.text), ids, surfaces);
  if (counts) countInSource(counts, aligned);
  return counts;
}

function follow(text: Uint8Array, ids: ArrayLike<number>, surfaces: Surfaces): TokenBytes | null {
  const { prefixSpace, cutsText, starts } = surfaces;
  const counts = new Int32Array(ids.length);
  let at = 0;
  let atStart = true;
  for (let t = 0; t < ids.length; t++) {
    const id = ids[t]!;
    const from = starts[id]!;
    const withoutPrefix = atStart && prefixSpace !== 'none' && beginsWithSpace(surfaces, id) ? from + 1 : from;
    let end = match(text, at, surfaces, prefixSpace === 'always' ? withoutPrefix : from, starts[id + 1]!);
    if (end < 0 && withoutPrefix !== from) end = match(text, at, surfaces, withoutPrefix, starts[id + 1]!);
    if (end < 0) return null;
    counts[t] = end - at;
    at = end;
    atStart = cutsText[id] === 1;
  }
  return at === text.length ? counts : null;
}

/** Where the surface bytes [from, to) end in the text if they stand at `at`, else -1. */
function match(text: Uint8Array, at: number, { bytes, spelling }: Surfaces, from: number, to: number): number {
  const marked = spelling === 'metaspace';
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    if (text[at] === byte) at++;
    else if (!marked || byte !== SPACE_MARK) return -1;
    else if (text[at] === SPACE) at++;
    else if (text[at] === METASPACE[0] && text[at + 1] === METASPACE[1] && text[at + 2] === METASPACE[2]) at += 3;
    else return -1;
  }
  return at;
}

function beginsWithSpace({ bytes, starts, spelling }: Surfaces, id: number): boolean {
  if (starts[id] === starts[id + 1]) return false;
  const first = bytes[starts[id]!]!;
  return first === SPACE || (spelling === 'metaspace' && first === SPACE_MARK);
}

/**
 * Divides the text by the stretches the tokenizer reports (rules 2 and 3): any tokenizer, any text. Tokens whose stretches overlap
 * share what they cover in proportion to what they stand for, which is exact where nothing was changed. Linear in the text.
 * @param spans (n_tokens) first and last-plus-one code point of each token; beginnings ascend
 */
export function bytesBySpan(text: string, ids: ArrayLike<number>, surfaces: Surfaces, spans: readonly (readonly number[])[]): TokenBytes {
  const counts = new Int32Array(ids.length);
  const position = byteCursor(text);
  let reached = 0; // bytes
  for (let first = 0; first < ids.length; ) {
    let end = spans[first]![1]!;
    let next = first + 1;
    while (next < ids.length && spans[next]![0]! < end) end = Math.max(end, spans[next++]![1]!);
    const from = position(spans[first]![0]!);
    const to = position(end);
    share(counts, first, next, to - from, ids, surfaces);
    counts[first]! += from - reached;
    reached = to;
    first = next;
  }
  if (ids.length > 0) counts[ids.length - 1]! += position(Infinity) - reached;
  return counts;
}

/** Divides `total` among the tokens [first, next) by the length of their surfaces; cumulative rounding keeps the sum. */
function share(counts: Int32Array, first: number, next: number, total: number, ids: ArrayLike<number>, { starts }: Surfaces): void {
  const weight = (t: number): number => Math.max(1, starts[ids[t]! + 1]! - starts[ids[t]!]!);
  let weights = 0;
  for (let t = first; t < next; t++) weights += weight(t);
  let seen = 0;
  let given = 0;
  for (let t = first; t < next; t++) {
    seen += weight(t);
    const upTo = Math.round((total * seen) / weights);
    counts[t] = upTo - given;
    given = upTo;
  }
}

/** The UTF-8 length of the first n code points of a text; for an n smaller than one asked before, the length of that one. */
function byteCursor(text: string): (codePoints: number) => number {
  let unit = 0;
  let codePoint = 0;
  let bytes = 0;
  return (target) => {
    while (codePoint < target && unit < text.length) {
      const code = text.codePointAt(unit)!;
      unit += code > 0xffff ? 2 : 1;
      bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      codePoint++;
    }
    return bytes;
  };
}

export type NormalForm = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

/** A normalized text and, stretch by stretch, the bytes of the source each of its bytes came from. */
export interface AlignedNormalForm {
  readonly text: string;
  /** (stretches) where each stretch ends in the UTF-8 of the normalized text and of the source. */
  readonly ends: readonly number[];
  readonly sourceEnds: readonly number[];
}

/** A character with all that can compose with it: marks, and the vowels and final consonants of conjoining Hangul. */
const CLUSTER = /[^][\p{M}\u1161-\u1175\u11a8-\u11c2]*/gu;

/**
 * The normal form of a well-formed text, aligned with it; null where it is not the normal forms of its clusters put together.
 * Characters that normalization changes stand in stretches of their own. Linear in the text.
 */
export function alignNormalForm(text: string, form: NormalForm): AlignedNormalForm | null {
  const ends: number[] = [];
  const sourceEnds: number[] = [];
  let end = 0;
  let sourceEnd = 0;
  let normalized = '';
  for (const [cluster] of text.matchAll(CLUSTER)) {
    const mapped = cluster.normalize(form);
    const bytes = Buffer.byteLength(mapped);
    if (mapped === cluster) {
      end += bytes;
      sourceEnd += bytes;
    } else {
      ends.push(end, end + bytes);
      end += bytes;
      sourceEnds.push(sourceEnd, sourceEnd + Buffer.byteLength(cluster));
      sourceEnd = sourceEnds.at(-1)!;
    }
    normalized += mapped;
  }
  ends.push(end);
  sourceEnds.push(sourceEnd);
  return normalized === text.normalize(form) ? { text: normalized, ends, sourceEnds } : null;
}

/**
 * Turns counts of bytes of the normalized text into counts of bytes of the source, in place. A token that ends inside a stretch
 * takes its share of it, rounded.
 */
export function countInSource(counts: Int32Array, { ends, sourceEnds }: AlignedNormalForm): void {
  let stretch = 0;
  let position = 0;
  let sourcePosition = 0;
  for (let t = 0; t < counts.length; t++) {
    position += counts[t]!;
    while (position > ends[stretch]!) stretch++;
    const from = stretch === 0 ? 0 : ends[stretch - 1]!;
    const sourceFrom = stretch === 0 ? 0 : sourceEnds[stretch - 1]!;
    const length = ends[stretch]! - from;
    const share = length === 0 ? 1 : (position - from) / length;
    const reached = sourceFrom + Math.round(share * (sourceEnds[stretch]! - sourceFrom));
    counts[t] = reached - sourcePosition;
    sourcePosition = reached;
  }
}

import { createRandom, type Random } from '../../src/math/random.js';
import type { ScoredDocument } from '../../src/records.js';
import type { OptionalColumns } from '../../src/store/schema.js';

export const NO_COLUMNS: OptionalColumns = { entropy: false, top1: false, tokenBytes: false, docStarts: false };

/** Every choice of optional columns. */
export const COLUMN_CHOICES: readonly OptionalColumns[] = Array.from({ length: 16 }, (_, bits) => ({
  entropy: (bits & 1) !== 0,
  top1: (bits & 2) !== 0,
  tokenBytes: (bits & 4) !== 0,
  docStarts: (bits & 8) !== 0,
}));

const IDS = ['plain-1', 'naïve', '文書', '🦊🦊', 'a"b\\c\n', '', '__proto__', 'e\u0301', '\u0000', 'x'.repeat(3000)];
const ODD_LOSSES = [NaN, Infinity, -Infinity, 0, -0, 1e-45, 3.4028234663852886e38, 2 ** 13 + 0.5, 0.00024414062];

/**
 * A document of `tokens` tokens. Mostly ordinary losses, some of every odd kind. test/fixtures/store holds shards of such documents: drawing otherwise
 * means making those anew.
 */
export function randomDocument(random: Random, tokens: number, columns: OptionalColumns): ScoredDocument {
  const loss = (): number => (random.chance(0.05) ? random.pick(ODD_LOSSES) : -Math.log(random.float() + 1e-9) * 2);
  const int32 = (bound: number): Int32Array<ArrayBuffer> => Int32Array.from({ length: tokens }, () => random.below(bound));
  return {
    kind: 'tokenized',
    id: `${random.pick(IDS)}/${random.below(1e6)}`,
    source: random.pick(IDS),
    hash: Array.from({ length: 8 }, () => random.uint32().toString(16).padStart(8, '0')).join(''),
    tokenIds: random.chance(0.1) ? int32(2 ** 31) : int32(50_000),
    refLoss: Float32Array.from({ length: tokens }, loss),
    ...(columns.entropy && { entropy: Float32Array.from({ length: tokens }, loss) }),
    ...(columns.top1 && { top1: Uint8Array.from({ length: tokens }, () => random.below(2)) }),
    ...(columns.tokenBytes && { tokenBytes: int32(1000) }),
    ...(columns.docStarts && { docStarts: Int32Array.from(Array.from({ length: tokens }, (_, at) => at).filter((at) => at === 0 || random.chance(0.02))) }),
  };
}

/** Documents of all kinds of lengths: none, one token, short runs, and some that do not fit a row group of a few hundred tokens. */
export function randomDocuments(seed: string, count: number, columns: OptionalColumns): ScoredDocument[] {
  const random = createRandom(seed);
  const length = (): number => random.pick([0, 0, 1, 2, random.below(8), random.below(60), random.below(60), random.below(900)]);
  return Array.from({ length: count }, () => randomDocument(random, length(), columns));
}

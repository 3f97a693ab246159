import type { SampledDocument, TokenStrip } from '../../../src/audit/report-data/documents.js';
import { normalDraws } from '../../../src/math/normal-draws.js';

/** Losses that look like those of text, the same for the same seed: log-normal about `typical` nats. */
export function sampleLosses(count: number, typical: number, seed: number): number[] {
  const draw = normalDraws(`losses/${seed}`);
  return Array.from({ length: count }, () => typical * Math.exp(0.9 * draw()));
}

/** A strip whose tokens are these texts; losses by position unless given. */
export function strip(pieces: readonly string[], given: Partial<TokenStrip> = {}): TokenStrip {
  const losses = given.losses ?? sampleLosses(pieces.length, 1.5, pieces.length).map((loss) => Number(loss.toFixed(4)));
  return {
    ids: pieces.map((_, at) => 100 + at),
    pieces,
    losses,
    entropies: losses.map((loss) => (loss === null ? null : Number((loss * 0.8).toFixed(4)))),
    excess: null,
    kept: null,
    special: [],
    partial: [],
    windowStarts: [],
    documentStarts: [],
    cutPieces: [],
    ...given,
  };
}

/** Words with the space before them, as byte-level vocabularies cut them. */
export function words(text: string): string[] {
  return text.match(/\n|\t| ?[\p{L}\p{N}]+| ?[^\s\p{L}\p{N}]+| +/gu) ?? [];
}

export function sampledDocument(id: string, text: TokenStrip, given: Partial<SampledDocument> = {}): SampledDocument {
  const scored = text.losses.filter((loss) => loss !== null);
  return {
    id,
    source: 'textbook',
    docHash: '3f'.repeat(32),
    unit: 0,
    row: 17,
    tokens: text.ids.length,
    scored: scored.length,
    meanLoss: scored.length === 0 ? null : scored.reduce((sum, loss) => sum + loss, 0) / scored.length,
    shown: text.ids.length,
    text,
    ...given,
  };
}

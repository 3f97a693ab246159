import { z } from 'zod';
import type { MaskOptions } from './options.js';

/** Name of the record that is written last: a folder without it is not finished. */
export const MASKS_NAME = 'masks.json';

export interface MaskFile {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly rows: number;
  readonly tokens: number;
  readonly kept: number;
}

/** What a folder of masks holds; the same selection of the same set gives the same bytes. */
export interface MaskRecord {
  readonly formatVersion: 1;
  readonly source: { readonly planHash: string; readonly modelHash: string; readonly tokenizerHash: string };
  /** Plan hash of the live set; null where the score reads none. */
  readonly live: string | null;
  readonly rule: Pick<MaskOptions, 'score' | 'keepFraction' | 'threshold' | 'scope' | 'referenceLossCap' | 'seed' | 'format'>;
  /** Lowest kept score is not told: with a keepFraction it differs from set to set. */
  readonly totals: { readonly documents: number; readonly tokens: number; readonly scored: number; readonly candidates: number; readonly kept: number };
  readonly files: readonly MaskFile[];
}

export const recordedRule = ({ score, keepFraction, threshold, scope, referenceLossCap, seed, format }: MaskOptions): MaskRecord['rule'] => ({ score, keepFraction, threshold, scope, referenceLossCap, seed, format });

/** A rule in words: "reference, keepFraction 0.6 of the corpus, as mask". */
export function ruleText({ score, keepFraction, threshold, scope, referenceLossCap, seed, format }: MaskRecord['rule']): string {
  const kept = keepFraction === null ? `threshold ${threshold}` : `keepFraction ${keepFraction} of the ${scope}`;
  return [score, kept, ...(referenceLossCap === null ? [] : [`referenceLossCap ${referenceLossCap}`]), ...(score === 'random' ? [`seed ${seed}`] : []), `as ${format}`].join(', ');
}

/** What a record must hold to tell whether it is of another selection. */
export const maskIdentity: z.ZodType<Pick<MaskRecord, 'source' | 'live' | 'rule'>> = z.object({
  source: z.object({ planHash: z.string(), modelHash: z.string(), tokenizerHash: z.string() }),
  live: z.string().nullable(),
  rule: z.object({
    score: z.enum(['excess', 'reference', 'entropy', 'intersection', 'random']),
    keepFraction: z.number().nullable(),
    threshold: z.number().nullable(),
    scope: z.enum(['corpus', 'document']),
    referenceLossCap: z.number().nullable(),
    seed: z.number(),
    format: z.enum(['mask', 'labels']),
  }),
});

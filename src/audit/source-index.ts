import type { AuditedRun } from './audited-run.js';
import { LISTED_SOURCES } from './report-data/distribution.js';

/** Tokens of a source. */
export interface SourceSize {
  readonly source: string;
  readonly tokens: number;
  readonly documents: number;
}

/** How many sources a run has and which of them get numbers of their own. */
export interface SourceIndex {
  /** By tokens, the most first, equal ones by name; LISTED_SOURCES at most. */
  readonly listed: readonly SourceSize[];
  /** Distinct sources that were told apart, and whether there were more. */
  readonly count: number;
  readonly more: boolean;
  /** Sources of the run that were told apart. */
  has(source: string): boolean;
  /** All that were told apart, by tokens. */
  all(): readonly SourceSize[];
}

/** Sources that are told apart while they are counted; a corpus with more of them (a source for every page) is mostly `others` anyway. */
const MOST_SOURCES = 1 << 18;

/** Counts the tokens of every source: one reading of the columns that have one value a row. */
export async function indexSources(run: AuditedRun): Promise<SourceIndex> {
  const sizes = new Map<string, { tokens: number; documents: number }>();
  let more = false;
  for await (const { columns, rows } of run.rowGroups(['source', 'n_tokens'])) {
    for (let row = 0; row < rows; row++) {
      const source = columns.source[row]!;
      let size = sizes.get(source);
      if (size === undefined) {
        if (sizes.size >= MOST_SOURCES) {
          more = true;
          continue;
        }
        sizes.set(source, (size = { tokens: 0, documents: 0 }));
      }
      size.tokens += columns.n_tokens[row]!;
      size.documents++;
    }
  }
  const all = [...sizes].map(([source, size]) => ({ source, ...size })).sort((a, b) => b.tokens - a.tokens || byName(a.source, b.source));
  return { listed: all.slice(0, LISTED_SOURCES), count: all.length, more, has: (source) => sizes.has(source), all: () => all };
}

/** By UTF-16 code units: the same in every locale. */
function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The group of a source: its place among the listed, and behind them one for all others. */
export function sourceGroups(listed: readonly { readonly source: string }[]): (source: string) => number {
  const groups = new Map(listed.map(({ source }, group) => [source, group]));
  return (source) => groups.get(source) ?? listed.length;
}

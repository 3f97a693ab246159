import type { CorpusFile } from '../corpus/corpus-file.js';
import type { ReadOptions } from '../corpus/document.js';
import { readUnit } from '../corpus/read-unit.js';
import type { CorpusUnit } from '../corpus/units.js';

export interface LimitedUnit {
  readonly unit: CorpusUnit;
  /** Documents to read of the unit; absent = all. */
  readonly limitDocs?: number;
}

/** The units that hold the first `limitDocs` documents of the corpus, the last of them cut short. Reads the corpus up to there. */
export async function limitUnits(
  units: readonly CorpusUnit[],
  files: readonly CorpusFile[],
  options: ReadOptions,
  limitDocs: number,
  signal: AbortSignal | undefined,
): Promise<LimitedUnit[]> {
  const limited: LimitedUnit[] = [];
  let left = limitDocs;
  for (const unit of units) {
    if (left === 0) break;
    const documents = await countDocuments(readUnit(unit, files, options, { signal }), left);
    left -= documents;
    limited.push(left === 0 ? { unit, limitDocs: documents } : { unit });
  }
  return limited;
}

/** The number of items, counted no further than `most`. */
async function countDocuments(items: AsyncIterator<unknown>, most: number): Promise<number> {
  let count = 0;
  while (count < most && (await items.next()).done !== true) count++;
  await items.return?.();
  return count;
}

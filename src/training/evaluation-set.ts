import { stat } from 'node:fs/promises';
import { TouchstoneError } from '../errors.js';
import type { TokenizedDocument } from '../records.js';
import { manifestPath, planPath } from '../run/layout.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { readDocuments } from './data/corpus-documents.js';
import { openScoreSetRows } from './data/score-set-rows.js';
import { fillingOf } from './data/sequence-line.js';
import type { EvaluationSet } from './evaluate.js';

export interface EvaluationReading {
  readonly tokenizer: Tokenizer;
  /** V of the live model. */
  readonly vocabSize: number;
  /** Field of a corpus that holds the text. */
  readonly textField: readonly string[];
  /** Whether to hash the shards of a score set. */
  readonly verify: boolean;
}

/** What a model is evaluated on: the documents of a score set, where `path` is the folder of a run, else those of a corpus. In memory, 4 bytes a token. */
export async function openEvaluationSet(name: string, path: string, reading: EvaluationReading): Promise<EvaluationSet> {
  const documents = (await isRun(path)) ? await readRun(path, reading) : await readDocuments([path], reading.textField, reading.tokenizer);
  if (documents.some(({ tokenIds }) => tokenIds.length > 1)) return { name, documents };
  throw new TouchstoneError('data', `run.evaluateOn.${name} must hold a document of two tokens or more, ${path} has none`);
}

/** Also a run that is not finished is one: reading it as a corpus would evaluate on its Parquet files' metadata, or on nothing. */
async function isRun(path: string): Promise<boolean> {
  for (const file of [planPath(path), manifestPath(path)]) {
    if (await stat(file).then((found) => found.isFile(), () => false)) return true;
  }
  return false;
}

async function readRun(path: string, { tokenizer, vocabSize, verify }: EvaluationReading): Promise<TokenizedDocument[]> {
  const source = await openScoreSetRows(path, { seed: null, losses: false, entropy: false, vocabSize, verify });
  const { tokenizer: scored, windows } = source.plan;
  if (scored.hash !== tokenizer.info.hash) {
    throw new TouchstoneError('mismatch', `${path} must have been scored with the tokenizer of the live model to be evaluated on, sha256 ${tokenizer.info.hash}, it was with ${scored.hash}`, {
      advice: 'Name the corpus itself: it is tokenized anew.',
    });
  }
  const documents: TokenizedDocument[] = [];
  for await (const window of source.windows(0, 0)) {
    for (let place = 0; place < window.rows; place++) {
      const row = window.rowAt(place);
      // Only a packed row is filled up, with the separator of its policy.
      const filling = windows.layout === 'packed' && windows.eosId !== null ? fillingOf(row, windows.eosId) : 0;
      const tokenIds = row.tokenIds.slice();
      documents.push({ kind: 'tokenized', id: `${row.unit}/${row.row}`, source: path, hash: `${source.identity.source}/${row.unit}/${row.row}`, tokenIds, ...(filling === 0 ? {} : { fillFrom: tokenIds.length - filling }) });
    }
  }
  return documents;
}

import { createRandom } from '../math/random.js';
import type { AuditedRun } from './audited-run.js';
import { shortName } from './document-strips.js';
import { joinRuns, type Join, type JoinedDocument } from './joined-documents.js';
import { EXAMPLES, type CheckpointDynamics, type DynamicsExample } from './report-data/dynamics.js';
import { TOKEN_CLASSES, classTable } from './token-classes.js';
import { CATEGORIES, CHANGE, categoryOf, changeWeights } from './token-dynamics.js';
import { cutText, piecesOf } from './token-pieces.js';
import type { VocabularyText } from './vocabulary-text.js';

/** Tokens shown on either side of an example, and characters. */
const AROUND = 12;
const AROUND_CHARACTERS = 120;

interface Candidate {
  readonly rank: number;
  readonly example: Omit<DynamicsExample, 'before' | 'token' | 'after'>;
  readonly ids: Int32Array;
  /** Index of the token in `ids`. */
  readonly at: number;
}

interface CategoryTally {
  tokens: number;
  readonly sums: Float64Array;
  readonly classes: Float64Array;
  readonly examples: Candidate[];
}

/**
 * Sorts the tokens that all checkpoints have scored by how their losses move. `checkpoints` in the order of training; `audited` is one of them. Reads the joined runs
 * twice: for the mean at the last checkpoint, and for the categories.
 */
export async function checkpointDynamics(audited: AuditedRun, checkpoints: readonly AuditedRun[], vocabulary: VocabularyText | null, seed: string): Promise<CheckpointDynamics> {
  const others = checkpoints.filter((run) => run !== audited);
  const join = await joinRuns(audited, others);
  // The join has the audited run first; training has it where the user put it.
  const order = checkpoints.map((run) => (run === audited ? 0 : others.indexOf(run) + 1));
  const means = await meansOf(join, order);
  const mean = means.at(-1)!;
  const classes = vocabulary === null ? null : classTable(vocabulary, audited.plan.model.vocabSize);
  const tallies = await sortTokens(join, order, mean, classes, seed);
  const all = tallies.reduce((sum, { tokens }) => sum + tokens, 0);
  return {
    kind: 'checkpoints',
    checkpoints: checkpoints.map(({ run, plan }, i) => ({ run, modelHash: plan.model.hash, mean: means[i]! })),
    joined: join.counts(),
    tokens: all,
    change: -CHANGE,
    mean,
    categories: CATEGORIES.map((category, i) => {
      const { tokens, sums, classes: counts, examples } = tallies[i]!;
      return {
        category,
        tokens,
        share: all === 0 ? 0 : tokens / all,
        means: tokens === 0 ? null : Array.from(sums, (sum) => sum / tokens),
        byClass: classes === null ? null : TOKEN_CLASSES.flatMap((name, at) => (counts[at] === 0 ? [] : [{ class: name, tokens: counts[at]! }])),
        examples: examples.map((candidate) => exampleOf(candidate, vocabulary)),
      };
    }),
  };
}

/** Mean loss of the joined tokens at each checkpoint; 0 where there is none. */
async function meansOf(join: Join, order: readonly number[]): Promise<number[]> {
  const sums = new Float64Array(order.length);
  let tokens = 0;
  for await (const document of join.documents()) {
    eachToken(document, order, (losses) => {
      tokens++;
      for (let k = 0; k < losses.length; k++) sums[k]! += losses[k]!;
    });
  }
  return Array.from(sums, (sum) => (tokens === 0 ? 0 : sum / tokens));
}

async function sortTokens(join: Join, order: readonly number[], mean: number, classes: Uint8Array | null, seed: string): Promise<CategoryTally[]> {
  const weights = changeWeights(order.length);
  const tallies = CATEGORIES.map((): CategoryTally => ({ tokens: 0, sums: new Float64Array(order.length), classes: new Float64Array(TOKEN_CLASSES.length), examples: [] }));
  const draws = createRandom(`${seed}/dynamics`);
  const unknown = TOKEN_CLASSES.indexOf('unknown');
  for await (const document of join.documents()) {
    eachToken(document, order, (losses, position) => {
      let change = 0;
      for (let k = 0; k < losses.length; k++) change += weights[k]! * losses[k]!;
      const tally = tallies[categoryOf(change, losses[losses.length - 1]!, mean)]!;
      tally.tokens++;
      for (let k = 0; k < losses.length; k++) tally.sums[k]! += losses[k]!;
      if (classes !== null) tally.classes[classes[document.tokenIds[position]!] ?? unknown]!++;
      offer(tally.examples, draws.uint32(), document, position, losses);
    });
  }
  return tallies;
}

/** Calls `use` for each token that every checkpoint has scored; `losses` is in the order of training and valid during the call. */
function eachToken({ tokenIds, losses }: JoinedDocument, order: readonly number[], use: (losses: Float64Array, position: number) => void): void {
  const ordered = order.map((i) => losses[i]!);
  const own = new Float64Array(order.length);
  for (let t = 0; t < tokenIds.length; t++) {
    let sum = 0;
    for (let k = 0; k < ordered.length; k++) sum += own[k] = ordered[k]![t]!;
    if (sum - sum === 0) use(own, t);
  }
}

/** Keeps the candidates of the highest ranks, by rank. */
function offer(examples: Candidate[], rank: number, document: JoinedDocument, position: number, losses: Float64Array): void {
  if (examples.length === EXAMPLES && rank <= examples.at(-1)!.rank) return;
  const from = Math.max(0, position - AROUND);
  examples.push({
    rank,
    example: { id: shortName(document.id), source: shortName(document.source), position, losses: Array.from(losses, (loss) => Math.round(loss * 1e4) / 1e4) },
    ids: document.tokenIds.slice(from, position + AROUND + 1),
    at: position - from,
  });
  examples.sort((a, b) => b.rank - a.rank);
  examples.length = Math.min(examples.length, EXAMPLES);
}

function exampleOf({ example, ids, at }: Candidate, vocabulary: VocabularyText | null): DynamicsExample {
  const pieces = vocabulary === null ? Array.from(ids, (id) => `#${id}`) : piecesOf(ids, vocabulary, example.position === at ? [0] : []);
  const before = pieces.slice(0, at).join('');
  return {
    ...example,
    before: before.length <= AROUND_CHARACTERS ? before : `…${lastOf(before, AROUND_CHARACTERS)}`,
    token: cutText(pieces[at]!, AROUND_CHARACTERS),
    after: cutText(pieces.slice(at + 1).join(''), AROUND_CHARACTERS),
  };
}

/** The last `most` UTF-16 units of a text, less one where they would begin inside a character. */
function lastOf(text: string, most: number): string {
  const first = text.charCodeAt(text.length - most);
  return text.slice(text.length - most + (first >= 0xdc00 && first < 0xe000 ? 1 : 0));
}

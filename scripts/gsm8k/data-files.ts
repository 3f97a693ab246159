import { createRandom } from '../../src/math/random.js';
import { drawCrawl, type NoiseSpan } from './crawl.js';
import { cutPassages, readProblems, type TextDocument } from './problems.js';

export interface DataSources {
  /** gsm8k-train.jsonl and gsm8k-test.jsonl, whole. */
  readonly train: string;
  readonly test: string;
  /** Text of other subjects; empty for none. */
  readonly other: string;
  readonly seed: string;
}

/** Problems of the train file that no model is trained on, to choose settings by. */
const DEVELOPMENT_PROBLEMS = 150;
/** Test problems that models are evaluated on while they train; the whole test set would take longer than the training. */
const TEST_PROBLEMS = 200;

/**
 * The files of the experiment by name. The train problems are shuffled and dealt: development, one half to the reference model as they are, the other
 * half into the crawl that the live model is trained on. So the reference model has seen none of the live model's documents, and neither has seen the test.
 */
export function dataFiles({ train, test, other, seed }: DataSources): ReadonlyMap<string, string> {
  const problems = createRandom(`${seed}/deal`).shuffled(readProblems(train, 'the train file', 'train'));
  if (problems.length < 2 * DEVELOPMENT_PROBLEMS) throw new Error(`the train file must hold at least ${2 * DEVELOPMENT_PROBLEMS} problems, found ${problems.length}`);
  const half = DEVELOPMENT_PROBLEMS + Math.floor((problems.length - DEVELOPMENT_PROBLEMS) / 2);
  const lengths = createRandom(`${seed}/passages`);
  const crawl = drawCrawl(seed, problems.slice(half), cutPassages(other, 'other', () => lengths.between(300, 1500)));
  return new Map([
    ['clean.jsonl', jsonLines(problems.slice(DEVELOPMENT_PROBLEMS, half))],
    ['crawl.jsonl', jsonLines(crawl.map(({ id, text, source }): TextDocument => ({ id, text, source })))],
    ['noise.jsonl', jsonLines(crawl.map(({ id, text, spans }) => ({ id, spans: spans.map((span) => withCodePoints(text, span)) })))],
    ['development.jsonl', jsonLines(problems.slice(0, DEVELOPMENT_PROBLEMS))],
    ['test.jsonl', jsonLines(createRandom(`${seed}/test`).shuffled(readTest(test)).slice(0, TEST_PROBLEMS))],
    ['test-whole.jsonl', jsonLines(readTest(test))],
  ]);
}

const readTest = (test: string): TextDocument[] => readProblems(test, 'the test file', 'test');

/** Code points, where they differ from UTF-16 code units, for readers in other languages. */
function withCodePoints(text: string, span: NoiseSpan): NoiseSpan & { readonly codePointStart?: number; readonly codePointEnd?: number } {
  const [codePointStart, codePointEnd] = [span.start, span.end].map((end) => Array.from(text.slice(0, end)).length) as [number, number];
  return codePointStart === span.start && codePointEnd === span.end ? span : { ...span, codePointStart, codePointEnd };
}

function jsonLines(records: readonly unknown[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

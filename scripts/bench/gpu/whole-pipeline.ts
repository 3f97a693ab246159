import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resolveScoreOptions } from '../../../src/config/parse-score-options.js';
import type { Precision } from '../../../src/records.js';
import { writeLongDocuments } from '../score/memory.js';
import { pipelineBench, type PipelineRound } from '../score/pipeline.js';
import { medianRatio, type Figure } from '../table.js';
import type { BenchShape } from './shapes.js';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const DEMO_CORPUS = join(REPOSITORY, 'pipelines/demo/corpus.jsonl');
const DEMO_MODEL = join(REPOSITORY, 'pipelines/demo/model');
/** Characters of a document and, about, its tokens by the demo's tokenizer: some windows each. */
const DOCUMENT_CHARACTERS = 16_384;
const DOCUMENT_TOKENS = 6000;
const PIPELINE_SECONDS = 30;
const PIPELINE_ROUNDS = 3;

export interface PipelineSettings {
  /** A checkpoint of the shape, and room for a corpus and runs. */
  readonly folder: string;
  readonly device: string;
  readonly precision: Precision;
  readonly batchTokens: number;
  /** Tokens a second of the device, for choosing the corpus. */
  readonly rate: number;
}

/** The whole command, from text to Parquet, beside the device alone on the very same batches. */
export async function wholePipeline({ name, length }: BenchShape, { folder, device, precision, batchTokens, rate }: PipelineSettings, say: (text: string) => void): Promise<Figure> {
  const texts = (await readFile(DEMO_CORPUS, 'utf8')).trimEnd().split('\n').map((line) => (JSON.parse(line) as { text: string }).text);
  const corpus = join(folder, 'corpus.jsonl');
  await writeLongDocuments(corpus, texts, DOCUMENT_CHARACTERS, Math.ceil((rate * PIPELINE_SECONDS) / DOCUMENT_TOKENS));
  const set = [
    `corpus.paths=${corpus}`, 'corpus.unitBytes=8MiB', `model.path=${folder}`, `model.precision=${precision}`, `tokenizer.path=${DEMO_MODEL}`, `output.run=${join(folder, 'run')}`,
    `windows.contextLength=${length}`, `runtime.device=${device}`, `runtime.batchTokens=${batchTokens}`,
  ];
  const bench = pipelineBench(resolveScoreOptions({ set, flags: {}, cwd: folder }), availableParallelism());
  const rounds: PipelineRound[] = [];
  for (let round = 1; round <= PIPELINE_ROUNDS; round++) {
    say(`${name}: pipeline, round ${round} of ${PIPELINE_ROUNDS}`);
    rounds.push(await bench.round());
  }
  await bench.release();
  const { documents, tokens, paddingShare } = rounds[0]!;
  const rates = (seconds: (round: PipelineRound) => number): number[] => rounds.map((round) => tokens / seconds(round));
  const [whole, bare] = [rates(({ pipelineSeconds }) => pipelineSeconds), rates(({ bareSeconds }) => bareSeconds)];
  return {
    figure: `${name}: whole pipeline (${documents} documents, ${tokens} tokens, ${(100 * paddingShare).toFixed(1)} % padding), tokens/s`,
    values: whole,
    beside: { name: 'session.run alone', values: bare },
    ratio: medianRatio(whole, bare),
    goal: '>= 0.95',
  };
}

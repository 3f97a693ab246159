import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readUnit } from '../../../src/corpus/read-unit.js';
import type { TokenizedDocument } from '../../../src/records.js';
import { openSession, type Session } from '../../../src/runtime/session.js';
import { runBatch } from '../../../src/scoring/run-batch.js';
import { batchOptions, resolveBatchTokens } from '../../../src/scoring/batching.js';
import { score, type ScoreResult } from '../../../src/scoring/score.js';
import type { ScoreOptions } from '../../../src/scoring/options.js';
import type { Batch } from '../../../src/windows/batch.js';
import { batches } from '../../../src/windows/batches.js';

/** One run of the whole pipeline, and session.run alone on the very same batches right after it. */
export interface PipelineRound {
  readonly documents: number;
  readonly tokens: number;
  readonly paddingShare: number;
  /** From the first document read to the last record written. */
  readonly pipelineSeconds: number;
  /** The same with hashing the inputs, planning, and loading model and tokenizer. */
  readonly commandSeconds: number;
  readonly bareSeconds: number;
}

export interface PipelineBench {
  round(): Promise<PipelineRound>;
  release(): Promise<void>;
}

/** `options.output.run` is replaced: every round writes a run of its own, which is removed. */
export function pipelineBench(options: ScoreOptions, threads: number): PipelineBench {
  let bare: { readonly session: Session; readonly batches: readonly Batch[] } | undefined;
  return {
    async round() {
      const run = await mkdtemp(join(tmpdir(), 'score-bench-run-'));
      try {
        const result = await score({ ...options, runtime: { ...options.runtime, threads, workers: 1 }, output: { ...options.output, run } });
        const finished = Date.now();
        bare ??= { session: await openSession({ device: result.prepared.devices[0]!.device, ...result.prepared.graph, threads, spin: true }), batches: await batchesOf(options, result) };
        const counts = countsOf(result, bare.batches);
        return { ...counts, pipelineSeconds: (finished - began(result)) / 1000, commandSeconds: result.wallSeconds, bareSeconds: await secondsOf(bare.session, bare.batches) };
      } finally {
        await rm(run, { recursive: true });
      }
    },
    async release() {
      await bare?.session.release();
    },
  };
}

/** When the first unit began, in ms since 1970: before that the command hashes, plans and loads. */
function began({ commits }: ScoreResult): number {
  return Math.min(...commits.map(({ finishedAt, seconds }) => Date.parse(finishedAt) - seconds * 1000));
}

/** The batches the run went through, made once more from the texts. */
async function batchesOf({ runtime: { batchTokens } }: ScoreOptions, { prepared: { plan, files, units, tokenizer } }: ScoreResult): Promise<Batch[]> {
  const all: Batch[] = [];
  for (const [index, unit] of units.entries()) {
    const { limitDocs = Infinity } = plan.corpus.units[index]!;
    async function* documents(): AsyncGenerator<TokenizedDocument, void, undefined> {
      let read = 0;
      for await (const item of readUnit(unit, files, plan.corpus)) {
        if (read++ === limitDocs) return;
        if (item.kind !== 'document') throw new Error(`${item.origin.file} at ${item.origin.position}: ${item.detail}`);
        const [text] = await tokenizer.encode([item.text], { bytes: false });
        yield { kind: 'tokenized', id: item.id, source: item.source, hash: item.hash, tokenIds: text!.ids };
      }
    }
    for await (const batch of batches(documents(), batchOptions(plan, resolveBatchTokens(batchTokens, plan.model.device)), () => undefined)) all.push(batch);
  }
  return all;
}

/** @throws if the batches are not those of the run: the comparison would be worth nothing */
function countsOf({ manifest, commits }: ScoreResult, all: readonly Batch[]): Pick<PipelineRound, 'documents' | 'tokens' | 'paddingShare'> {
  const computed = commits.reduce((sum, commit) => sum + commit.computedTokens, 0);
  const padded = commits.reduce((sum, commit) => sum + commit.paddedTokens, 0);
  const { tokens, scored } = manifest.totals;
  const again = { computed: 0, scored: 0 };
  for (const batch of all) {
    again.computed += batch.sequences * batch.length;
    again.scored += batch.scored;
  }
  if (again.computed !== computed || again.scored !== scored) {
    throw new Error(`the run computed ${computed} positions and scored ${scored} tokens, its batches made again have ${again.computed} and ${again.scored}`);
  }
  return { documents: manifest.documents.scored, tokens, paddingShare: padded / computed };
}

async function secondsOf(session: Session, all: readonly Batch[]): Promise<number> {
  const started = performance.now();
  for (const batch of all) await runBatch(session, batch);
  return (performance.now() - started) / 1000;
}

/** The first `documents` documents of a JSON Lines file, over again with other ids where it has fewer. */
export async function writeCorpus(path: string, source: string, documents: number): Promise<void> {
  const lines = (await readFile(source, 'utf8')).trimEnd().split('\n');
  const copy = (at: number): string => {
    const document = JSON.parse(lines[at % lines.length]!) as { id: string };
    return `${JSON.stringify({ ...document, id: `${document.id}/${Math.floor(at / lines.length)}` })}\n`;
  };
  await writeFile(path, Array.from({ length: documents }, (_, at) => copy(at)));
}

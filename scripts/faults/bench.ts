import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openScoreSet } from '../../src/store/score-set.js';
import { expectEnd, touchstone, type Conditions, type Ended } from './touchstone.js';

const DEMO = fileURLToPath(new URL('../../pipelines/demo/', import.meta.url));
export const MODEL = join(DEMO, 'model');
const DOCUMENTS = 16;

/** What a run was found to hold. */
export interface Found {
  /** Documents that are in no row. */
  readonly lost: number;
  /** Rows beyond the first of a document. */
  readonly doubled: number;
  /** Files that are not those of an uninterrupted run. */
  readonly different: readonly string[];
}

/** A small corpus, one run over it that nothing disturbed, and room for others. */
export interface Bench {
  readonly folder: string;
  readonly corpus: string;
  /** Ids of the documents that must have a row. */
  readonly ids: readonly string[];
  /** The uninterrupted run. */
  readonly whole: string;
  /** How long a run takes that nothing disturbs. */
  readonly wallMs: number;
  /** A path of its own for another run. */
  readonly newRun: () => string;
  /** Scores the corpus into a run folder, with these flags beside the usual ones. */
  readonly score: (run: string, conditions?: Conditions, ...flags: readonly string[]) => Promise<Ended>;
  /** Compares a finished run with the uninterrupted one byte by byte, and its rows with the corpus. */
  readonly inspect: (run: string) => Promise<Found>;
  readonly remove: () => void;
}

/** Flags for a model that is quick on little text. */
export const QUICK = ['--model', MODEL, '--context-length', '64', '--threads', '1', '--quiet'];

/** Some documents of the demo corpus, an empty one and one that is not UTF-8: about four units with a quarantine file. */
export async function makeBench(): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-faults-'));
  const corpus = join(folder, 'corpus.jsonl');
  const lines = readFileSync(join(DEMO, 'corpus.jsonl'), 'utf8').split('\n').slice(0, DOCUMENTS);
  const bad = Buffer.from([...Buffer.from('{"id":"bad","text":"'), 0xff, ...Buffer.from('"}\n')]);
  writeFileSync(corpus, Buffer.concat([Buffer.from(`${lines.join('\n')}\n{"id":"empty","text":""}\n`), bad]));
  const ids = lines.map((line) => (JSON.parse(line) as { id: string }).id);
  const score = (run: string, conditions: Conditions = {}, ...flags: readonly string[]): Promise<Ended> => touchstone(['score', '--corpus', corpus, '--out', run, '--unit-bytes', '1800', ...QUICK, ...flags], conditions);
  const whole = join(folder, 'whole');
  const first = await score(whole);
  expectEnd(first, 0);
  const again = await score(join(folder, 'again')); // the first one may have waited for a cold disk
  expectEnd(again, 0);
  let runs = 0;
  return {
    folder,
    corpus,
    ids,
    whole,
    wallMs: Math.min(first.wallMs, again.wallMs),
    newRun: () => join(folder, `run-${runs++}`),
    score,
    inspect: (run) => inspect(run, whole, ids),
    remove: () => { rmSync(folder, { recursive: true, force: true }); },
  };
}

async function inspect(run: string, whole: string, ids: readonly string[]): Promise<Found> {
  const names = new Set([...lasting(whole), ...lasting(run)]);
  const different = [...names].filter((name) => bytesOf(run, name)?.equals(bytesOf(whole, name) ?? Buffer.alloc(0)) !== true);
  return { ...(await countRows(run, ids)), different };
}

/** Rows of a finished run against the documents that must have one. */
export async function countRows(run: string, ids: readonly string[]): Promise<{ readonly lost: number; readonly doubled: number }> {
  const rows = new Map<string, number>();
  for await (const { doc_id: id } of (await openScoreSet(run, { verify: true })).rows()) rows.set(id, (rows.get(id) ?? 0) + 1);
  const lost = ids.filter((id) => !rows.has(id)).length;
  return { lost, doubled: [...rows.values()].reduce((sum, count) => sum + count - 1, 0) };
}

/** The files of a run whose bytes follow from its inputs: without commit records (times, hosts), what is hidden, and what was moved aside. */
export function lasting(run: string): string[] {
  const names = readdirSync(run, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(run, name)).isFile());
  return names.filter((name) => !/^(commits|stale)\//.test(name) && !/(^|\/)\./.test(name)).sort();
}

function bytesOf(run: string, name: string): Buffer | undefined {
  try {
    return readFileSync(join(run, name));
  } catch {
    return undefined;
  }
}

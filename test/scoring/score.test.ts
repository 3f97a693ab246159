import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { score } from '../../src/scoring/score.js';
import { summarize } from '../../src/scoring/summary.js';
import { loadTokenizer } from '../../src/tokenizer/load-tokenizer.js';
import { allRows, cleanDocuments, DEMO_MODEL, demoDocuments, demoOptions, temporaryFolder, writeJsonl } from './demo-run.js';

/** Names and bytes of what a run says for good: everything but the commit records, which tell times and hosts. */
function lasting(run: string): Record<string, string> {
  const files = ['plan.json', 'manifest.json', '_SUCCESS', ...['shards', 'quarantine'].flatMap((folder) => readdirSync(join(run, folder)).map((name) => `${folder}/${name}`))];
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(run, name), 'base64')]));
}

describe('a score set', () => {
  it('has the same bytes for 1, 2 and 4 workers, any number of threads and any batch size', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    writeJsonl(corpus, demoDocuments(60));
    const runs: Record<string, string>[] = [];
    for (const [workers, threads, batchTokens] of [[1, 1, 512], [2, 4, 512], [4, 4, 512], [1, 2, 200], [1, 2, 4096]]) {
      const run = join(folder, `run-${workers}-${batchTokens}`);
      await score(demoOptions(corpus, run, `runtime.workers=${workers}`, `runtime.threads=${threads}`, `runtime.batchTokens=${batchTokens}`, 'corpus.unitBytes=8000', 'output.stats=[entropy, top1, bytes]'));
      runs.push(lasting(run));
    }
    expect(Object.keys(runs[0]!).filter((name) => name.startsWith('shards/')).length).toBeGreaterThan(2);
    for (const run of runs.slice(1)) expect(run).toEqual(runs[0]);
  });

  it('holds every document once, in order, with the ids of its tokenizer and one loss for every token', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    const documents = demoDocuments(40);
    writeJsonl(corpus, documents);
    await score(demoOptions(corpus, join(folder, 'run'), 'output.stats=[bytes]', 'corpus.unitBytes=5000'));
    const rows = await allRows(join(folder, 'run'));
    expect(rows.map(({ doc_id: id }) => id)).toEqual(documents.map(({ id }) => id));
    const encoded = await (await loadTokenizer(DEMO_MODEL)).encode(documents.map(({ text }) => text), { bytes: false });
    rows.forEach((row, at) => {
      expect([...row.token_ids]).toEqual([...encoded[at]!.ids]);
      expect([...row.ref_loss].every((loss) => Number.isFinite(loss) && loss >= 0)).toBe(true);
      expect([...row.token_bytes!].reduce((sum, bytes) => sum + bytes, 0)).toBe(Buffer.byteLength(documents[at]!.text));
    });
  });

  it('leaves the first token of a document unscored where no BOS gives it a context', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    writeJsonl(corpus, demoDocuments(5));
    await score(demoOptions(corpus, join(folder, 'none'), 'windows.bos=none'));
    await score(demoOptions(corpus, join(folder, 'eos'), 'windows.bos=eos-as-bos'));
    for (const { ref_loss: losses, n_scored: scored, n_tokens: tokens } of await allRows(join(folder, 'none'))) {
      expect(losses[0]).toBeNaN();
      expect([...losses.subarray(1)].every(Number.isFinite)).toBe(true);
      expect(scored).toBe(tokens - 1);
    }
    for (const { n_scored: scored, n_tokens: tokens } of await allRows(join(folder, 'eos'))) expect(scored).toBe(tokens);
  });

  it('gives a token the same loss in the packed layout where its context is the same', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    writeJsonl(corpus, demoDocuments(12));
    await score(demoOptions(corpus, join(folder, 'document'), 'windows.contextLength=128'));
    await score(demoOptions(corpus, join(folder, 'packed'), 'windows.contextLength=128', 'windows.layout=packed'));
    const [document] = await allRows(join(folder, 'document'));
    const packed = await allRows(join(folder, 'packed'));
    const shared = Math.min(document!.n_tokens, 127);
    expect(packed.every(({ n_tokens: tokens }) => tokens === 127)).toBe(true); // BOS counts towards the context
    expect([...packed[0]!.token_ids.subarray(0, shared)]).toEqual([...document!.token_ids.subarray(0, shared)]);
    const differences = Array.from({ length: shared }, (_, at) => Math.abs(packed[0]!.ref_loss[at]! - document!.ref_loss[at]!));
    expect(Math.max(...differences)).toBeLessThanOrEqual(1e-5);
  });

  it('scores long documents in overlapping windows, every token once', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    writeJsonl(corpus, [{ id: 'long', text: demoDocuments(30).map(({ text }) => text).join('\n') }]);
    await score(demoOptions(corpus, join(folder, 'wide'), 'windows.contextLength=512', 'windows.stride=64'));
    await score(demoOptions(corpus, join(folder, 'narrow'), 'windows.contextLength=32', 'windows.stride=31'));
    const [wide] = await allRows(join(folder, 'wide'));
    const [narrow] = await allRows(join(folder, 'narrow'));
    expect(wide!.n_scored).toBe(wide!.n_tokens);
    expect(narrow!.n_scored).toBe(wide!.n_tokens);
    expect(wide!.loss_sum).toBeLessThan(narrow!.loss_sum); // more context, less surprise
  });
});

describe('accounting', () => {
  it('has read = scored + quarantined + skipped, with a reason and a place for every document left out', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    const [first, second] = demoDocuments(2);
    writeJsonl(corpus, [first!, '{"text": "cut', { text: '' }, { id: 'no text' }, { text: 7 }, '[1]', { text: 'lone \ud800 surrogate' }, second!]);
    const run = join(folder, 'run');
    const { manifest } = await score(demoOptions(corpus, run));
    expect(manifest.documents).toEqual({ read: 8, scored: 2, quarantined: 5, skipped: 1 });
    const lines = readFileSync(join(run, 'quarantine/00000.jsonl'), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as { reason: string; origin: { position: number } });
    expect(lines.map(({ reason }) => reason)).toEqual(['malformed-json', 'empty-text', 'missing-text', 'text-not-a-string', 'not-an-object', 'lone-surrogate']);
    const bytes = readFileSync(corpus);
    for (const { origin } of lines) expect(bytes[origin.position - 1]).toBe(10);
  });

  it('reports ids that occur twice and keeps both rows', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    const documents = demoDocuments(6);
    writeJsonl(corpus, [...documents, documents[2]!, documents[4]!]);
    const { manifest } = await score(demoOptions(corpus, join(folder, 'run'), 'corpus.unitBytes=1500'));
    expect(manifest.duplicateIds).toEqual({ count: 2, examples: [documents[2]!.id, documents[4]!.id].sort() });
    expect(manifest.documents.scored).toBe(8);
  });

  it('reads no more than limitDocs documents of the corpus', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    writeJsonl(corpus, demoDocuments(30));
    const { manifest } = await score(demoOptions(corpus, join(folder, 'run'), 'corpus.limitDocs=11', 'corpus.unitBytes=2000'));
    expect(manifest.documents.read).toBe(11);
    expect((await allRows(join(folder, 'run'))).map(({ doc_id: id }) => id)).toEqual(demoDocuments(11).map(({ id }) => id));
  });

  it('names the noisiest documents and the share of padding', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    const documents = cleanDocuments(30);
    writeJsonl(corpus, [...documents, { id: 'noise', text: 'qX7#kZ0!vB2@mN9$wJ4%pL8^rT3&yH6*dF1(gS5)cV0_eU7+aI2=oQ9' }]);
    const run = join(folder, 'run');
    const { commits } = await score(demoOptions(corpus, run));
    const summary = await summarize(run, commits, async (ids) => (await loadTokenizer(DEMO_MODEL)).decode(ids));
    expect(summary.noisiest[0]!.id).toBe('noise');
    expect(summary.noisiest[0]!.excerpt).toMatch(/^qX7#kZ0/);
    expect(summary.noisiest.map(({ meanLoss }) => meanLoss)).toEqual(summary.noisiest.map(({ meanLoss }) => meanLoss).toSorted((a, b) => b - a));
    expect(summary.paddingShare).toBeGreaterThan(0);
    expect(summary.paddingShare).toBeLessThan(0.1);
  });
});

describe('resuming', () => {
  it('ends within a batch when it is aborted, leaves nothing half-written, and goes on to the same bytes', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    writeJsonl(corpus, demoDocuments(120));
    const settings = ['corpus.unitBytes=15000', 'runtime.batchTokens=512'];
    const whole = join(folder, 'whole');
    await score(demoOptions(corpus, whole, ...settings));
    const stopped = join(folder, 'stopped');
    const controller = new AbortController();
    const options = demoOptions(corpus, stopped, ...settings);
    await expect(score(options, {
      signal: controller.signal,
      onEvent(event) {
        if (event.kind === 'progress' && event.progress.unitsDone === 1) controller.abort(new Error('enough'));
      },
    })).rejects.toThrow('enough');
    const left = ['shards', 'commits'].map((name) => readdirSync(join(stopped, name)));
    expect(left[0]!.length).toBe(left[1]!.length);
    expect(left[0]!.length).toBeGreaterThanOrEqual(1);
    expect(readdirSync(stopped)).not.toContain('manifest.json');
    const resumed = await score(options);
    expect(resumed.unitsScored).toBe(resumed.manifest.totals.units - left[1]!.length);
    expect(lasting(stopped)).toEqual(lasting(whole));
    expect((await score(options)).unitsScored).toBe(0);
  });

  it('ends where the corpus is rewritten under it, even with as many bytes, and commits nothing that was read since', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    writeJsonl(corpus, demoDocuments(120));
    const run = join(folder, 'run');
    await expect(score(demoOptions(corpus, run, 'corpus.unitBytes=15000', 'runtime.batchTokens=512'), {
      onEvent(event) {
        if (event.kind === 'progress' && event.progress.unitsDone === 1) writeFileSync(corpus, readFileSync(corpus, 'utf8').replaceAll('the', 'THE'));
      },
    })).rejects.toThrow('was written or replaced since the corpus was listed');
    expect(readdirSync(run)).not.toContain('manifest.json');
  });

  it('computes no batch but those under way once it is aborted, however many of the look-ahead are left', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    writeJsonl(corpus, demoDocuments(120));
    const controller = new AbortController();
    let batches = 0;
    await expect(score(demoOptions(corpus, join(folder, 'run'), 'runtime.batchTokens=512'), {
      signal: controller.signal,
      onEvent({ kind }) {
        if (kind !== 'progress') return;
        batches++;
        controller.abort(new Error('enough'));
      },
    })).rejects.toThrow('enough');
    expect(batches).toBeLessThanOrEqual(2); // and there are 50
  });

  it('over a glob that reaches into its own run folder goes on as if it did not', async () => {
    const folder = temporaryFolder();
    writeJsonl(join(folder, 'corpus.jsonl'), ['{"text": "cut', ...demoDocuments(3)]);
    const options = demoOptions(join(folder, '**/*.{jsonl,parquet}'), join(folder, 'run'));
    const notes: string[] = [];
    await score(options);
    const { unitsScored, manifest } = await score(options, { onEvent: (event) => { if (event.kind === 'note') notes.push(event.text); } });
    expect([unitsScored, manifest.documents.read]).toEqual([0, 4]);
    expect(notes).toEqual([`a run folder lies among the corpus and is left out: ${join(folder, 'run')}`]);
  });

  it('refuses another setting on the same run folder and names it', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    writeJsonl(corpus, demoDocuments(3));
    const run = join(folder, 'run');
    await score(demoOptions(corpus, run));
    const before = lasting(run);
    await expect(score(demoOptions(corpus, run, 'windows.contextLength=64'))).rejects.toThrow(/plan\.windows\.contextLength is 512 in this run and 64 in this command/);
    expect(lasting(run)).toEqual(before);
  });
});

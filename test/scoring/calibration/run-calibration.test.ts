import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readManifest } from '../../../src/run/manifest.js';
import { drawSample, SAMPLE_TOKENS, type Sample } from '../../../src/scoring/calibration/sample.js';
import { prepareScore } from '../../../src/scoring/prepare.js';
import { score } from '../../../src/scoring/score.js';
import type { ScoreEvent } from '../../../src/scoring/score-events.js';
import { demoDocuments, demoOptions, temporaryFolder, writeJsonl } from '../demo-run.js';

async function sampleOf(corpus: string, ...set: readonly string[]): Promise<Sample> {
  return await drawSample(await prepareScore(demoOptions(corpus, join(corpus, '../none'), 'model.precision=int8', ...set)));
}

describe('the sample of a calibration', () => {
  it('is the same for the same plan and another for another', async () => {
    const corpus = join(temporaryFolder(), 'corpus.jsonl');
    writeJsonl(corpus, demoDocuments(400));
    const ids = async (...set: readonly string[]): Promise<string[]> => (await sampleOf(corpus, ...set)).sequences.map(({ id }) => id);
    const drawn = await ids();
    expect(await ids()).toEqual(drawn);
    expect(await ids('windows.stride=100')).not.toEqual(drawn);
  });

  it('has about so many tokens from many units, no document twice, and of long ones the beginning', async () => {
    const corpus = join(temporaryFolder(), 'corpus.jsonl');
    const documents = demoDocuments(600).map(({ id, text }, at) => ({ id, text: at % 50 === 0 ? text.repeat(40) : text }));
    writeJsonl(corpus, documents);
    const { documents: count, tokens, sequences } = await sampleOf(corpus, 'corpus.unitBytes=50000', 'windows.contextLength=128', 'windows.stride=64');
    expect(count).toBe(sequences.length);
    expect(tokens).toBe(sequences.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0));
    expect(tokens).toBeGreaterThanOrEqual(SAMPLE_TOKENS);
    expect(tokens).toBeLessThan(SAMPLE_TOKENS + 192);
    expect(new Set(sequences.map(({ id }) => id)).size).toBe(count);
    expect(Math.max(...sequences.map(({ tokenIds }) => tokenIds.length))).toBe(128 + 64 - 1); // less the BOS
    const places = sequences.map(({ id }) => documents.findIndex((document) => document.id === id));
    for (let part = 0; part < 6; part++) expect(places.some((place) => Math.floor(place / 100) === part)).toBe(true);
  });

  it('is the whole corpus where that is small, and no document behind corpus.limitDocs', async () => {
    const corpus = join(temporaryFolder(), 'corpus.jsonl');
    writeJsonl(corpus, [...demoDocuments(8), '{broken', { text: '' }]);
    expect((await sampleOf(corpus)).sequences.map(({ id }) => id).sort()).toEqual(demoDocuments(8).map(({ id }) => id).sort());
    expect((await sampleOf(corpus, 'corpus.limitDocs=3')).sequences.map(({ id }) => id).sort()).toEqual(demoDocuments(3).map(({ id }) => id).sort());
  });

  it('is packed rows in the packed layout', async () => {
    const corpus = join(temporaryFolder(), 'corpus.jsonl');
    writeJsonl(corpus, demoDocuments(8));
    const { documents, sequences } = await sampleOf(corpus, 'windows.layout=packed', 'windows.contextLength=64');
    expect(documents).toBe(8);
    expect(new Set(sequences.map(({ tokenIds }) => tokenIds.length))).toEqual(new Set([63]));
  });
});

describe('a run in int8', () => {
  it('is calibrated once, before its first unit, and its manifest says so', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    const run = join(folder, 'run');
    writeJsonl(corpus, demoDocuments(80).filter(({ text }) => text.length < 1500).slice(0, 40));
    const options = demoOptions(corpus, run, 'model.precision=int8', 'corpus.unitBytes=8000');
    const events: ScoreEvent[] = [];
    const { manifest } = await score(options, { onEvent: (event) => events.push(event) });
    const kinds = events.map(({ kind }) => kind);
    expect(kinds.indexOf('calibrated')).toBeGreaterThan(-1);
    expect(kinds.indexOf('calibrated')).toBeLessThan(kinds.indexOf('unit'));
    const { calibration } = manifest.computation;
    expect(calibration).toMatchObject({ documents: 40, nonfinite: { float32: 0, approximate: 0 } });
    expect(calibration!.meanError).toBeGreaterThan(0);
    expect(calibration!.meanError).toBeLessThan(0.1);
    expect(calibration!.maxError).toBeGreaterThan(calibration!.meanError!);
    expect(calibration!.changedSelection).toBeLessThan(0.05);

    // The sample was the whole corpus, so that what it found is what the runs differ by.
    await score(demoOptions(corpus, join(folder, 'exact'), 'corpus.unitBytes=8000'));
    const exact = await readManifest(join(folder, 'exact'));
    expect(exact.computation).toEqual({ precision: 'float32', devices: [{ kind: 'cpu', units: exact.totals.units }] });
    expect(exact.totals.scored).toBe(calibration!.tokens);
    expect((manifest.totals.lossSum - exact.totals.lossSum) / exact.totals.scored).toBeCloseTo(calibration!.bias!, 6);
  });

  it('measures a damaged or lost calibration again, to the same bytes, and nothing where it is whole', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    const run = join(folder, 'run');
    writeJsonl(corpus, demoDocuments(10));
    const options = demoOptions(corpus, run, 'model.precision=int8');
    const notes = async (): Promise<string[]> => {
      const events: ScoreEvent[] = [];
      await score(options, { onEvent: (event) => events.push(event) });
      return events.flatMap((event) => (event.kind === 'note' ? [event.text] : []));
    };
    expect((await notes()).join()).toMatch(/comparing int8 with float32 on 10 documents of the corpus, \d+ tokens/);
    const path = join(run, 'calibration.json');
    const bytes = readFileSync(path, 'utf8');
    expect((await notes()).join()).not.toContain('comparing');
    writeFileSync(path, bytes.replace('"bias": ', '"bias": 1'));
    expect((await notes()).join()).toMatch(/calibration.json cannot be used: its checksum is .*; it is measured again,comparing/);
    expect(readFileSync(path, 'utf8')).toBe(bytes);
    rmSync(path);
    await notes();
    expect(readFileSync(path, 'utf8')).toBe(bytes);
  });
});

import { copyFileSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decoder } from '../../src/graph/architectures/decoder.js';
import { GraphBuilder } from '../../src/graph/builder.js';
import { encodeModel } from '../../src/graph/encode.js';
import { sequence } from '../../src/graph/layers/sequence.js';
import { add, cast, gatherRows, reshape, transpose } from '../../src/graph/ops.js';
import { checkpointWeights } from '../../src/graph/weights.js';
import { openCheckpoint } from '../../src/model/checkpoint.js';
import { score } from '../../src/scoring/score.js';
import { allRows, DEMO_MODEL, demoDocuments, demoOptions, temporaryFolder, writeJsonl } from './demo-run.js';

/** The demo model as an exporter would leave it: int64 ids and a mask in, whole logits out, weights in external data. */
async function exportDemo(folder: string): Promise<void> {
  const { spec, weights } = await openCheckpoint(DEMO_MODEL);
  const g = new GraphBuilder('demo');
  const ids = g.input('input_ids', 'int64', ['B', 'T']);
  const mask = g.input('attention_mask', 'int64', ['B', 'T']);
  const grid = sequence(g, ids);
  const { hidden, project } = decoder(g, grid, spec, checkpointWeights(g, weights), 512);
  const logits = project(g, hidden);
  const shape = g.node('Concat', [g.node('Shape', [mask], 'int64', [2]), g.constant('int64', [1], [spec.vocabSize])], 'int64', [3], { attributes: { axis: { kind: 'int', value: 0 } } });
  g.output('logits', cast(g, reshape(g, logits, ['B', 'T', spec.vocabSize], shape), 'float32'));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.onnx'), encodeModel(g.build()));
  for (const name of readdirSync(DEMO_MODEL)) copyFileSync(join(DEMO_MODEL, name), join(folder, name));
}

describe('an exported .onnx', () => {
  it('gives the losses of the checkpoint it was exported from, also through links into another folder', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    writeJsonl(corpus, demoDocuments(8));
    await exportDemo(join(folder, 'blobs'));
    // As in a Hugging Face cache: a snapshot of links. config.json and the tokenizer are found beside the link.
    mkdirSync(join(folder, 'snapshot'));
    for (const name of ['model.onnx', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json', 'config.json']) symlinkSync(join(folder, 'blobs', name), join(folder, 'snapshot', name));

    await score(demoOptions(corpus, join(folder, 'a'), 'output.stats=[entropy, top1]'));
    const options = demoOptions(corpus, join(folder, 'b'), 'output.stats=[entropy, top1]');
    const { manifest } = await score({ ...options, model: { path: join(folder, 'snapshot/model.onnx'), precision: 'auto' } });
    expect(manifest.totals.scored).toBeGreaterThan(500);
    const expected = await allRows(join(folder, 'a'));
    (await allRows(join(folder, 'b'))).forEach((row, at) => {
      expect([...row.token_ids]).toEqual([...expected[at]!.token_ids]);
      expect([...row.top1!]).toEqual([...expected[at]!.top1!]);
      const worst = row.ref_loss.reduce((most, loss, t) => Math.max(most, Math.abs(loss - expected[at]!.ref_loss[t]!)), 0);
      expect(worst).toBeLessThanOrEqual(1e-4);
    });
  });

  it('is refused where it looks ahead, as a masked language model does', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    writeJsonl(corpus, demoDocuments(2));
    const model = join(folder, 'model');
    mkdirSync(model);
    for (const name of readdirSync(DEMO_MODEL)) copyFileSync(join(DEMO_MODEL, name), join(model, name));
    // Logits that are the average embedding of the whole sequence: every token sees every other.
    const { spec, weights } = await openCheckpoint(DEMO_MODEL);
    const g = new GraphBuilder('ahead');
    const ids = g.input('input_ids', 'int64', ['B', 'T']);
    const embedding = checkpointWeights(g, weights).take('model.embed_tokens.weight', [spec.vocabSize, spec.hiddenSize]);
    const embedded = gatherRows(g, embedding, ids);
    const mean = g.node('ReduceMean', [embedded, g.constant('int64', [1], [1])], 'float32', ['B', 1, spec.hiddenSize]);
    const mixed = add(g, embedded, mean);
    g.output('logits', g.node('MatMul', [mixed, transpose(g, embedding, [1, 0])], 'float32', ['B', 'T', spec.vocabSize]));
    writeFileSync(join(model, 'model.onnx'), encodeModel(g.build()));
    await expect(score({ ...demoOptions(corpus, join(folder, 'run')), model: { path: join(model, 'model.onnx'), precision: 'auto' } })).rejects.toThrow('the model must be causal');
  });

  it('is refused where its external data is missing', async () => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    writeJsonl(corpus, demoDocuments(2));
    await exportDemo(join(folder, 'model'));
    rmSync(join(folder, 'model/model.safetensors'));
    await expect(score({ ...demoOptions(corpus, join(folder, 'run')), model: { path: join(folder, 'model/model.onnx'), precision: 'auto' } })).rejects.toThrow(/model\.onnx needs .*model\.safetensors.*does not exist/);
  });
});

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, NodeProtoSchema, ValueInfoProtoSchema, type GraphProto, type ModelProto, type NodeProto } from 'onnx-buf';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { attachLossHead } from '../../../src/graph/foreign/attach-loss-head.js';
import { HEAD_CHUNKS } from '../../../src/graph/layers/unrolled-loss-head.js';
import { openExportedModel } from '../../../src/scoring/exported-model.js';
import { int8Weights } from '../../../src/scoring/int8-weights.js';
import { exportedLosses } from './exported-losses.js';
import {
  ALL_STATS, attach, CASES, editModel, expectedOf, feedsFor, folderOf, largestDifference, modelBytes, open, score, type Scores,
} from './foreign-fixture.js';

/** Quantizes activations over a whole batch: its losses depend on what else is in it, and, by products of bytes that some processors saturate, on the machine. */
const BATCH_DEPENDENT = ['llama-int8'];
/** Changes logits behind the projection in a way that is not copied into the head. */
const WHOLE = ['llama-masked'];
/** float16 kernels of the CPU round otherwise in every version of the runtime. */
const HALF = CASES.filter((name) => expectedOf(name).float16LogitsMoveLossBy !== undefined);
/** By which rounding to float16 moves a logit below 8, at most. */
const LOGIT_ROUNDING = 2 ** -9;
const exactBytes = (await int8Weights()) === 'signed';
const FUSED = CASES.filter((name) => !WHOLE.includes(name));

describe('attachLossHead', () => {
  for (const name of CASES.filter((candidate) => !HALF.includes(candidate) && (exactBytes || !BATCH_DEPENDENT.includes(candidate)))) {
    it(`gives the losses, entropies and first choices that onnxruntime's Python binding computes from the logits: ${name}`, async () => {
      const expected = expectedOf(name);
      const { model, vocabSize } = await attach(name);
      const session = await open(model, folderOf(name));
      const alone: Scores[] = [];
      for (const { tokenIds } of expected.sequences) alone.push(await score(session, [tokenIds]));
      await session.release();

      const loss = alone.flatMap((scores) => [...scores.loss]);
      const entropy = alone.flatMap((scores) => [...scores.entropy]);
      expect(vocabSize).toBe(expected.vocabSize);
      expect(loss).toHaveLength(53);
      expect(largestDifference(loss, expected.sequences.flatMap(({ lossNats }) => lossNats.slice(1) as number[]))).toBeLessThan(1e-4);
      expect(largestDifference(entropy, expected.sequences.flatMap(({ entropyNats }) => entropyNats.slice(1) as number[]))).toBeLessThan(1e-4);
      expect(alone.flatMap(({ top1 }) => top1)).toEqual(expected.sequences.flatMap(({ top1 }) => top1.slice(1)));
    });
  }

  for (const name of BATCH_DEPENDENT) {
    it(`gives the losses of the 8-bit model as it was exported, and says where this processor saturates its products: ${name}`, async () => {
      const { model, integerProducts } = await attach(name);
      const session = await open(model, folderOf(name));
      const loss: number[] = [];
      for (const { tokenIds } of expectedOf(name).sequences) loss.push(...(await score(session, [tokenIds])).loss);
      await session.release();
      expect(integerProducts).toBe(true);
      expect(largestDifference(loss, await exportedLosses(name))).toBeLessThan(1e-4);
      const { notes } = await openExportedModel(join(folderOf(name), 'model.onnx'), ALL_STATS);
      expect(notes.join(' ').includes('adds up products of 8-bit integers with saturation')).toBe(!exactBytes);
    });
  }

  for (const name of CASES.filter((candidate) => !BATCH_DEPENDENT.includes(candidate))) {
    it(`with the head for CUDA gives the losses, entropies and first choices of that for the CPU: ${name}`, async () => {
      const sequences = expectedOf(name).sequences.map(({ tokenIds }) => tokenIds);
      const [cpu, cuda] = await Promise.all((['cpu', 'cuda'] as const).map(async (device) => open((await attach(name, { device })).model, folderOf(name))));
      const plain = await score(cpu!, sequences, { chunks: HEAD_CHUNKS });
      const unrolled = await score(cuda!, sequences, { chunks: HEAD_CHUNKS });
      await Promise.all([cpu!.release(), cuda!.release()]);
      expect(largestDifference(unrolled.loss, plain.loss)).toBeLessThan(1e-5);
      expect(largestDifference(unrolled.entropy, plain.entropy)).toBeLessThan(1e-5);
      expect(unrolled.top1).toEqual(plain.top1);
    });
  }

  for (const name of HALF) {
    it(`gives the losses of the float16 model as it was exported, but for the rounding of its logits, and those of another version within float16: ${name}`, async () => {
      const { sequences } = expectedOf(name);
      const session = await open((await attach(name)).model, folderOf(name));
      const loss: number[] = [];
      for (const { tokenIds } of sequences) loss.push(...(await score(session, [tokenIds])).loss);
      await session.release();
      expect(largestDifference(loss, await exportedLosses(name))).toBeLessThan(LOGIT_ROUNDING);
      expect(largestDifference(loss, sequences.flatMap(({ lossNats }) => lossNats.slice(1) as number[]))).toBeLessThan(4 * LOGIT_ROUNDING);
    });
  }

  for (const name of CASES.filter((candidate) => !BATCH_DEPENDENT.includes(candidate))) {
    it(`gives losses that do not depend on padding, its ids, or batch mates: ${name}`, async () => {
      const sequences = expectedOf(name).sequences.map(({ tokenIds }) => tokenIds);
      const { model } = await attach(name);
      const session = await open(model, folderOf(name));
      const alone: number[] = [];
      for (const ids of sequences) alone.push(...(await score(session, [ids])).loss);
      const together = await score(session, sequences, { length: 40, padding: 5 });
      const reversed = await score(session, sequences.toReversed(), { length: 36, padding: 60, chunkRows: 11 });
      await session.release();
      const inOrder = sequences.toReversed().map((ids) => ids.length - 1);
      const back: number[][] = [];
      let from = 0;
      for (const count of inOrder) back.unshift([...reversed.loss.slice(from, (from += count))]);
      expect(largestDifference(together.loss, alone)).toBeLessThan(1e-5);
      expect(largestDifference(back.flat(), alone)).toBeLessThan(1e-5);
    });
  }

  it('says so where losses depend on batch mates, because activations are quantized over a whole batch', async () => {
    const sequences = expectedOf('llama-int8').sequences.map(({ tokenIds }) => tokenIds);
    const { model, notes } = await attach('llama-int8');
    const session = await open(model);
    const alone: number[] = [];
    for (const ids of sequences) alone.push(...(await score(session, [ids])).loss);
    const together = await score(session, sequences);
    await session.release();
    expect(largestDifference(together.loss, alone)).toBeGreaterThan(1e-3);
    expect(notes.join(' ')).toContain('losses depend on padding and on the other sequences of a batch');
  });

  for (const name of CASES) {
    it(`leaves three inputs and the outputs asked for, and no node that only served others: ${name}`, async () => {
      const { model } = await attach(name);
      const session = await open(model, folderOf(name));
      await session.release();
      expect(session.info.inputs).toEqual(['input_ids', 'rows', 'targets']);
      expect(session.info.outputs).toEqual(['loss', 'entropy', 'top1']);

      const { graph } = fromBinary(ModelProtoSchema, model);
      const read = new Set(graph!.node.flatMap((node) => [...node.input, ...bodyReads(node)]));
      const useless = graph!.node.filter(({ output }) => !output.some((value) => read.has(value) || session.info.outputs.includes(value)));
      expect(useless.map((node) => node.name)).toEqual([]);
      expect(graph!.node.flatMap(({ input }) => input).filter((value) => value.startsWith('past_key_values'))).toEqual([]);
    });
  }

  for (const name of FUSED) {
    it(`never has a value with a row of V for each position: ${name}`, async () => {
      const { model, logits } = await attach(name);
      expect(logits).toBe('rows');
      const sequences = expectedOf(name).sequences.map(({ tokenIds }) => tokenIds);
      const shapes = await shapesOfAllValues(model, folderOf(name), sequences);
      const positions = 4 * 33;
      const large = [...shapes].filter(([, dims]) => dims.at(-1) === 61 && dims.reduce((size, dim) => size * dim, 1) >= positions * 61);
      expect(large).toEqual([]);
      expect([...shapes.values()].some((dims) => dims.at(-1) === 16 && dims[0] === positions)).toBe(true); // the hidden rows were seen
    });
  }

  it('keeps the logits inside the session where it cannot tell the projection apart, and says why', async () => {
    const { model, logits, notes } = await attach('llama-masked');
    const shapes = await shapesOfAllValues(model, folderOf('llama-masked'), [[1, 2, 3, 4, 5]]);
    expect(logits).toBe('whole');
    expect(notes.join('\n')).toMatch(/Logits exist whole inside the session, since Where ".*" stands before the logits: B x T x 61 numbers a batch/);
    expect(shapes.get('logits')).toEqual([1, 5, 61]);
  });

  it('computes a head tied to the embedding without a transposed copy of it', async () => {
    const { model } = await attach('llama-tied');
    const { graph } = fromBinary(ModelProtoSchema, model);
    const embedding = graph!.initializer.filter(({ dims }) => dims.join() === '61,16').map((tensor) => tensor.name);
    const readers = graph!.node.filter(({ input }) => input.includes(embedding[0]!)).map(({ opType }) => opType);
    expect(embedding).toHaveLength(1);
    expect(readers).toEqual(['Gather']);
    expect(scanBody(fromBinary(ModelProtoSchema, model)).node.find(({ opType }) => opType === 'Gemm')?.input[1]).toBe(embedding[0]);
  });

  it('widens 16-bit weights once, outside the chunks', async () => {
    const { model } = await attach('llama-f16');
    const body = scanBody(fromBinary(ModelProtoSchema, model));
    expect(body.node.map(({ opType }) => opType)).not.toContain('Cast');
    expect(body.node.map(({ opType }) => opType)).toContain('MatMul');
  });

  it('takes the branch without a past of a merged decoder, whichever way round it is', async () => {
    const { sequences } = expectedOf('gpt2-merged');
    const swapped = editModel(modelBytes('gpt2-merged'), (model) => {
      const [choice] = model.graph!.node;
      model.graph!.node.unshift(create(NodeProtoSchema, { opType: 'Not', input: ['use_cache_branch'], output: ['plain'] }));
      choice!.input[0] = 'plain';
      for (const branch of choice!.attribute) branch.name = branch.name === 'then_branch' ? 'else_branch' : 'then_branch';
    });
    const { model, notes } = await attachLossHead(swapped, { stats: ALL_STATS });
    const session = await open(model);
    const { loss } = await score(session, [sequences[3]!.tokenIds]);
    await session.release();
    expect(notes[0]).toBe('Of the merged branches, the one without a past is used.');
    const { node, initializer } = fromBinary(ModelProtoSchema, model).graph!;
    expect(node.map(({ opType }) => opType)).not.toContain('If');
    expect(initializer.map((tensor) => tensor.name.split('.')[0])).toContain('plain');
    expect(initializer.map((tensor) => tensor.name.split('.')[0])).not.toContain('with_past');
    expect(largestDifference(loss, sequences[3]!.lossNats.slice(1) as number[])).toBeLessThan(1e-4);
  });

  it('has one meaning for every named dimension: the names of a scoring graph are its own', async () => {
    const renamed = editModel(modelBytes('llama-dynamo'), (model) => {
      for (const dimension of dimensionsOf(model.graph!)) if (dimension.value === 'batch_size') dimension.value = 'R';
    });
    const values = fromBinary(ModelProtoSchema, renamed).graph!.valueInfo.length;
    const { graph } = fromBinary(ModelProtoSchema, (await attachLossHead(renamed, { stats: ALL_STATS })).model);
    const inner = { ...graph!, input: [], output: [] };
    expect(values).toBeGreaterThan(0);
    expect(dimensionsOf(inner).map(({ value }) => value)).toContain('R_inner');
    expect(dimensionsOf(inner).map(({ value }) => value)).not.toContain('R');
  });

  it('has only the outputs asked for', async () => {
    const { model } = await attach('gpt2-past', { stats: { entropy: false, top1: true } });
    const session = await open(model);
    const outputs = await session.run(feedsFor([[1, 2, 3]]));
    await session.release();
    expect(Object.keys(outputs)).toEqual(['loss', 'top1']);
  });

  it('tells what it found and did', async () => {
    const { notes, name, producer, externalFiles } = await attach('gpt2-past');
    expect(notes).toEqual([
      'Outputs not needed: present.0.key, present.0.value.',
      'Inputs made inside the graph: attention_mask, position_ids, past_key_values.0.key, past_key_values.0.value.',
      'The projection MatMul "/model/lm_head/MatMul" from 16 float32 to 61 is part of the loss head: logits exist for one chunk of rows at a time.',
    ]);
    expect(name).toBe('main_graph');
    expect(producer).toBe('pytorch 2.13.0');
    expect(externalFiles).toEqual([]);
  });

  it('makes the same bytes every time', async () => {
    const [first, second] = [await attach('llama-dynamo'), await attach('llama-dynamo', { stats: ALL_STATS })];
    expect(first.model.length).toBeGreaterThan(10_000);
    expect(second.model).toEqual(first.model);
  });
});

function bodyReads(node: NodeProto): string[] {
  return node.attribute.flatMap(({ g }) => g?.node.flatMap(({ input }) => input) ?? []);
}

function dimensionsOf(graph: GraphProto): { case: 'dimParam'; value: string }[] {
  const types = [...graph.input, ...graph.output, ...graph.valueInfo].map(({ type }) => type?.value);
  const dims = types.flatMap((type) => (type?.case === 'tensorType' ? (type.value.shape?.dim ?? []) : []));
  return dims.flatMap(({ value }) => (value.case === 'dimParam' ? [value] : []));
}

function scanBody(model: ModelProto): GraphProto {
  return model.graph!.node.find(({ opType }) => opType === 'Scan')!.attribute.find(({ name }) => name === 'body')!.g!;
}

/** Runs the rewritten model with every value of its top level as an output, and returns their shapes. */
async function shapesOfAllValues(bytes: Uint8Array, folder: string, sequences: readonly (readonly number[])[]): Promise<Map<string, readonly number[]>> {
  const model = fromBinary(ModelProtoSchema, bytes);
  const graph = model.graph!;
  const known = new Set(graph.output.map(({ name }) => name));
  const names = graph.node.flatMap(({ output }) => output).filter((name) => name !== '' && !known.has(name));
  graph.output.push(...names.map((name) => create(ValueInfoProtoSchema, { name })));
  const session = await InferenceSession.create(toBinary(ModelProtoSchema, model), {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 3,
    extra: { session: { model_external_initializers_file_folder_path: folder } },
  });
  const feeds = Object.entries(feedsFor(sequences)).map(([name, { dtype, data, dims }]) => [name, new Tensor(dtype, data as Int32Array, dims)] as const);
  const outputs = await session.run(Object.fromEntries(feeds));
  await session.release();
  return new Map(Object.entries(outputs).map(([name, tensor]) => [name, tensor.dims]));
}

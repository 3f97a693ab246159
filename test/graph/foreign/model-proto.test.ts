import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType, FunctionProtoSchema, ModelProtoSchema, NodeProtoSchema, OperatorSetIdProtoSchema, StringStringEntryProtoSchema,
  TensorProto_DataLocation, TensorProto_DataType, type TensorProto,
} from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { attachLossHead, type ForeignScoringModel } from '../../../src/graph/foreign/attach-loss-head.js';
import { decodeModel, encodeForeignModel } from '../../../src/graph/foreign/model-proto.js';
import { GraphBuilder } from '../../../src/graph/builder.js';
import { encodeModel } from '../../../src/graph/encode.js';
import { ALL_STATS, attach, editModel, expectedOf, folderOf, largestDifference, modelBytes, open, score } from './foreign-fixture.js';
import { EMBEDDING, HEAD, lossesOf, projected, tinyDecoder, VOCAB, WIDTH } from './tiny-decoder.js';

const SEQUENCES = [[1, 2, 3, 4, 5, 6], [6, 0, 6]];
const plain = (): Uint8Array => tinyDecoder((parts) => { parts.g.output('logits', projected(parts)); });

async function losses({ model }: ForeignScoringModel, folder: string | null = null): Promise<Float32Array> {
  const session = await open(model, folder);
  const { loss } = await score(session, SEQUENCES);
  await session.release();
  return loss;
}

function entries({ externalData }: TensorProto): Record<string, string> {
  return Object.fromEntries(externalData.map(({ key, value }) => [key, value]));
}

function external(model: Uint8Array): TensorProto[] {
  return fromBinary(ModelProtoSchema, model).graph!.initializer.filter(({ dataLocation }) => dataLocation === TensorProto_DataLocation.EXTERNAL);
}

describe('what a model holds besides its graph', () => {
  it('is written again as it was read', () => {
    for (const name of ['gpt2-merged', 'llama-dynamo', 'llama-int8', 'llama-opset-11']) {
      const bytes = modelBytes(name);
      expect(Buffer.from(encodeForeignModel(decodeModel(bytes))).equals(bytes), name).toBe(true);
    }
  });

  it('is kept where this program does not know the field', async () => {
    const future = Uint8Array.of(0xfa, 0x3f, 3, 1, 2, 3); // field 1023, three bytes
    const { model } = await attachLossHead(new Uint8Array([...plain(), ...future]), { stats: ALL_STATS });
    expect(fromBinary(ModelProtoSchema, model).$unknown).toMatchObject([{ no: 1023, data: Uint8Array.of(3, 1, 2, 3) }]);
  });

  it('works on: functions of the model itself', async () => {
    const bytes = editModel(
      tinyDecoder((parts) => {
        const { g, hidden } = parts;
        g.output('logits', projected(parts, g.node('Twice', [hidden], 'float32', hidden.shape)));
      }),
      (model) => {
        const local = create(OperatorSetIdProtoSchema, { domain: 'local', version: 1n });
        const standard = create(OperatorSetIdProtoSchema, { domain: '', version: 21n });
        model.opsetImport.push(local);
        model.graph!.node.find(({ opType }) => opType === 'Twice')!.domain = 'local';
        const node = create(NodeProtoSchema, { opType: 'Add', input: ['x', 'x'], output: ['y'] });
        model.functions = [create(FunctionProtoSchema, { name: 'Twice', domain: 'local', input: ['x'], output: ['y'], node: [node], opsetImport: [standard] })];
      },
    );
    const doubled = (id: number): number[] => HEAD[0]!.map((_, column) => 2 * EMBEDDING[id]!.reduce((sum, value, at) => sum + value * HEAD[at]![column]!, 0));
    expect(largestDifference(await losses(await attachLossHead(bytes, { stats: ALL_STATS })), lossesOf(SEQUENCES, doubled))).toBeLessThan(1e-5);
  });

  it('works on: bfloat16 weights, widened for the head', async () => {
    const bits = HEAD.flat().map((value) => new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16);
    const truncated = Float32Array.from(bits, (high) => new Float32Array(Uint32Array.of(high << 16).buffer)[0]!);
    const bytes = editModel(plain(), (model) => {
      const graph = model.graph!;
      const head = graph.initializer.find(({ dims }) => dims.join() === `${WIDTH},${VOCAB}`)!;
      head.dataType = TensorProto_DataType.BFLOAT16;
      head.rawData = new Uint8Array(Uint16Array.from(bits).buffer);
      head.name = 'stored';
      const widened = graph.node.find(({ opType }) => opType === 'MatMul')!.input[1]!;
      const to = { name: 'to', type: AttributeProto_AttributeType.INT, i: BigInt(TensorProto_DataType.FLOAT) };
      graph.node.unshift(create(NodeProtoSchema, { opType: 'Cast', input: ['stored'], output: [widened], attribute: [to] }));
    });
    const found = await attachLossHead(bytes, { stats: ALL_STATS });
    const logits = (id: number): number[] =>
      Array.from({ length: VOCAB }, (_, column) => EMBEDDING[id]!.reduce((sum, value, at) => sum + value * truncated[at * VOCAB + column]!, 0));
    expect(found.logits).toBe('rows');
    expect(largestDifference(await losses(found), lossesOf(SEQUENCES, logits))).toBeLessThan(1e-5);
  });
});

/** A decoder with an embedding of 32 kB. */
function largeDecoder(): Uint8Array<ArrayBuffer> {
  const g = new GraphBuilder('large');
  const ids = g.input('input_ids', 'int64', ['batch', 'seq']);
  const rows = new Float32Array(2000 * WIDTH);
  rows.set(EMBEDDING.flat());
  const hidden = g.node('Gather', [g.table(rows, [2000, WIDTH]), ids], 'float32', ['batch', 'seq', WIDTH]);
  g.output('logits', g.node('MatMul', [hidden, g.table(Float32Array.from(HEAD.flat()), [WIDTH, VOCAB])], 'float32', ['batch', 'seq', VOCAB]));
  return encodeModel(g.build());
}

describe('weights inside the model file', () => {
  it('are copied into the rewritten model', async () => {
    const bytes = largeDecoder();
    const found = await attachLossHead(bytes, { stats: ALL_STATS });
    expect(found.model.length).toBeGreaterThan(32_000);
    expect(found.model.length).toBeLessThan(bytes.length + 3000);
    expect(found.externalFiles).toEqual([]);
    expect(largestDifference(await losses(found), lossesOf(SEQUENCES))).toBeLessThan(1e-5);
    expect(bytes).toEqual(largeDecoder()); // what was given is only read
  });

  it('are read from that file by byte range where its name is given', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'touchstone-foreign-'));
    try {
      const bytes = largeDecoder();
      writeFileSync(join(folder, 'tiny.onnx'), bytes);
      const padded = new Uint8Array(bytes.length + 5); // the bytes may lie anywhere in a larger buffer
      padded.set(bytes, 5);
      const found = await attachLossHead(padded.subarray(5), { stats: ALL_STATS, ownFile: 'tiny.onnx' });
      const [embedding, ...others] = external(found.model);
      const { location, offset, length } = entries(embedding!);
      expect(others).toEqual([]); // the head of 112 bytes stays inside
      expect([location, length]).toEqual(['tiny.onnx', '32000']);
      expect(bytes.subarray(Number(offset), Number(offset) + 16)).toEqual(new Uint8Array(Float32Array.from(EMBEDDING[0]!).buffer));
      expect(found.model.length).toBeLessThan(3000);
      expect(found.externalFiles).toEqual(['tiny.onnx']);
      expect(largestDifference(await losses(found, folder), lossesOf(SEQUENCES))).toBeLessThan(1e-5);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('weights in other files', () => {
  it('are listed, and referred to as before', async () => {
    const before = new Map(external(modelBytes('llama-external')).map((tensor) => [tensor.name, entries(tensor)]));
    const { model, externalFiles } = await attach('llama-external');
    const after = external(model);
    expect(externalFiles).toEqual(['model.onnx_data']);
    expect(after.length).toBeGreaterThan(5);
    for (const tensor of after) expect(entries(tensor)).toEqual(before.get(tensor.name));
  });

  it('are found under the name a link leads to', async () => {
    const { model, externalFiles } = await attach('llama-external', { resolveLocation: (location) => Promise.resolve(`blobs/${location.length}`) });
    const before = new Map(external(modelBytes('llama-external')).map((tensor) => [tensor.name, entries(tensor)]));
    expect(externalFiles).toEqual(['blobs/15']);
    for (const tensor of external(model)) expect(entries(tensor)).toEqual({ ...before.get(tensor.name), location: 'blobs/15' });
  });

  it('are refused where a link leads out of the folder', async () => {
    await expect(attach('llama-external', { resolveLocation: () => '../elsewhere' })).rejects.toThrow('found location "../elsewhere"');
  });

  it('may lie beside weights read from the model file', async () => {
    const { externalFiles } = await attach('llama-external', { ownFile: 'model.onnx' });
    expect(externalFiles).toEqual(['model.onnx_data']); // what is left inside is too small
    const session = await open((await attach('llama-external')).model, folderOf('llama-external'));
    const { tokenIds, lossNats } = expectedOf('llama-external').sequences[2]!;
    const { loss } = await score(session, [tokenIds]);
    await session.release();
    expect(largestDifference(loss, lossNats.slice(1) as number[])).toBeLessThan(1e-4);
  });

  for (const location of ['../model.onnx_data', 'a/../../b', '/etc/passwd', '\\\\host\\share', 'C:\\weights', 'x\\..\\y', '', '..']) {
    it(`are refused at ${JSON.stringify(location)}`, async () => {
      const bytes = editModel(plain(), (model) => {
        const tensor = model.graph!.initializer[0]!;
        tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
        tensor.externalData = [create(StringStringEntryProtoSchema, { key: 'location', value: location })];
        tensor.name = 'w';
        model.graph!.node[0]!.input[0] = 'w';
      });
      await expect(attachLossHead(bytes, { stats: ALL_STATS })).rejects.toThrow(`tensor w must have its data in a file of the model's own folder, found location "${location}"`);
    });
  }

  it('are refused in constants, branches and functions as well', async () => {
    const bytes = editModel(plain(), (model) => {
      const tensor = { name: 'hidden_away', dataLocation: TensorProto_DataLocation.EXTERNAL, externalData: [{ key: 'location', value: '/etc/passwd' }] };
      const node = create(NodeProtoSchema, { opType: 'Constant', output: ['y'], attribute: [{ name: 'value', t: tensor }] });
      model.functions = [create(FunctionProtoSchema, { name: 'F', domain: 'local', output: ['y'], node: [node] })];
    });
    await expect(attachLossHead(bytes, { stats: ALL_STATS })).rejects.toThrow('tensor hidden_away must have its data in a file');
  });
});

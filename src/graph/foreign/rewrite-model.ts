import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type GraphProto } from 'onnx-buf';
import { TouchstoneError } from '../../errors.js';
import { GraphBuilder } from '../builder.js';
import { encodeModel } from '../encode.js';
import type { Graph, Value } from '../ir.js';
import { lossHead, type Project } from '../layers/loss-head.js';
import { POSITIONS } from '../layers/sequence.js';
import { scoreByLogits, unrolledLossHead } from '../layers/unrolled-loss-head.js';
import { add, mul, reshape } from '../ops.js';
import type { AttachOptions, ForeignScoringModel } from './foreign-scoring-model.js';
import { decoderSignature, list, type LogitsSignature } from './decoder-signature.js';
import { readFromOwnFile, relocate } from './external-data.js';
import { feedModel, settleDefaults } from './feed-model.js';
import { indexGraph, nodeTitle } from './graph-index.js';
import { inlineBranches } from './inline-branch.js';
import { refuseLastPositionOnly } from './last-position.js';
import { findTail, type LogitsTail } from './logits-tail.js';
import { decodeModel, encodeForeignModel } from './model-proto.js';
import { inOperatorSet, operatorSet } from './opset.js';
import { projectRows, widened } from './project-rows.js';
import { prune } from './prune.js';
import { definedNames, renameDimensions, renameValues } from './value-names.js';

/** Names that callers of a scoring graph use; a value of the model that has one of them gets another. */
const PUBLIC_NAMES = ['input_ids', 'rows', 'targets', 'loss', 'entropy', 'top1'];
const PUBLIC_DIMENSIONS = new Set(['B', 'T', 'K', 'R']);
/** The first version in which initializers need not be inputs too. */
const LEAST_IR_VERSION = 4n;

/** See attachLossHead. */
export async function rewriteModel(bytes: Uint8Array, options: AttachOptions): Promise<ForeignScoringModel> {
  const model = decodeModel(bytes);
  const { graph } = model;
  const { name } = graph;
  const version = operatorSet(model);
  const signature = decoderSignature(graph);
  const notes: string[] = [];

  keepLogits(graph, notes);
  const { g, inputIds } = feedInputs(graph, notes);
  const { tail, vocabSize } = attach(g, graph, inputIds, signature, options);
  describeTail(tail, vocabSize, notes);
  describeQuantization(graph, notes);
  merge(graph, inOperatorSet(g.build(), version));
  if (model.irVersion < LEAST_IR_VERSION) model.irVersion = LEAST_IR_VERSION;

  const externalFiles = new Set(await relocate(model, options.resolveLocation ?? ((location) => location)));
  if (options.ownFile !== undefined && readFromOwnFile(model, bytes, options.ownFile) > 0) externalFiles.add(options.ownFile);
  const producer = `${model.producerName} ${model.producerVersion}`.trim();
  return { model: encodeForeignModel(model), vocabSize, externalFiles: [...externalFiles].sort(), logits: tail.kind, integerProducts: multipliesIntegers(graph), notes, name, producer };
}

/** Leaves only what `logits` are computed from. */
function keepLogits(graph: GraphProto, notes: string[]): void {
  const dropped = graph.output.flatMap(({ name }) => (name === 'logits' ? [] : [name]));
  if (dropped.length > 0) notes.push(`Outputs not needed: ${list(dropped)}.`);
  graph.output = graph.output.filter(({ name }) => name === 'logits');
  settleDefaults(graph);
  if (inlineBranches(graph, 'use_cache_branch') > 0) notes.push('Of the merged branches, the one without a past is used.');
  prune(graph);
}

/** Starts the scoring graph: int32 `input_ids` (B, T), and a value for each input of the model under the name the model reads. */
function feedInputs(graph: GraphProto, notes: string[]): { readonly g: GraphBuilder; readonly inputIds: Value } {
  const names = definedNames(graph);
  const g = new GraphBuilder('score');
  for (const name of names) if (!PUBLIC_NAMES.includes(name)) g.reserve(name);

  const inputIds = g.input('input_ids', 'int32', ['B', 'T']);
  const feeds = feedModel(g, graph, inputIds);
  if (!feeds.has('input_ids')) {
    throw new TouchstoneError('usage', 'logits must depend on input_ids, found that they do not', { advice: 'Check how the model was exported: its input was lost.' });
  }
  const made = [...feeds.keys()].filter((name) => name !== 'input_ids');
  if (made.length > 0) notes.push(`Inputs made inside the graph: ${list(made)}.`);

  const renamed = new Map([...feeds].map(([name, value]) => [name, value.name]));
  for (const name of PUBLIC_NAMES) {
    if (!names.has(name) || renamed.has(name)) continue;
    let free = `${name}_inner`;
    while (names.has(free)) free += '_';
    g.reserve(free);
    renamed.set(name, free);
  }
  graph.input = [];
  renameValues(graph, renamed);
  renameDimensions(graph, (name) => (PUBLIC_DIMENSIONS.has(name) ? `${name}_inner` : name));
  return { g, inputIds };
}

/** Puts the loss head on the hidden rows, or on the logits where the projection cannot be told apart. */
function attach(g: GraphBuilder, graph: GraphProto, inputIds: Value, signature: LogitsSignature, { stats, device = 'cpu' }: AttachOptions): { tail: LogitsTail; vocabSize: number } {
  const index = indexGraph(graph);
  const tail = findTail(index, 'logits');
  const vocabSize = tail.kind === 'rows' ? tail.projection.vocabSize : signature.vocabSize;
  if (vocabSize === null || (signature.vocabSize !== null && signature.vocabSize !== vocabSize)) {
    const found = vocabSize === null ? 'none' : `${signature.vocabSize ?? 'none'}, where the projection gives ${vocabSize}`;
    throw new TouchstoneError('usage', `logits must be declared with the size of the vocabulary, found ${found}`, {
      advice: 'Export the model with logits of shape (batch, sequence, vocabulary size).',
    });
  }
  const [name, width, dtype] =
    tail.kind === 'rows' ? [tail.projection.hidden, tail.projection.width, tail.projection.hiddenType] : ['logits', vocabSize, signature.dtype];
  refuseLastPositionOnly(index, 'logits', name);

  // [B*T, width] spelled out, so that the runtime refuses a value that has not one row for each position. As a Concat it would be
  // optimized to [-1, width], which takes any number of rows.
  const positions = mul(g, g.node('Size', [inputIds], 'int64', []), g.constant('int64', [2], [1, 0]));
  const target = add(g, positions, g.constant('int64', [2], [0, width]));
  const found: Value = { name, dtype, shape: ['B', 'T', width] };
  const head = (hidden: Value, project: Project): void => {
    if (device === 'cpu') lossHead(g, hidden, project, stats);
    else unrolledLossHead(g, stats, scoreByLogits(g, hidden, (rows) => project(g, rows)));
  };
  if (tail.kind === 'rows') {
    const hidden = reshape(g, widened(g, found), [POSITIONS, width], target);
    head(hidden, (body, rows) => projectRows(g, body, rows, tail));
  } else {
    head(reshape(g, found, [POSITIONS, width], target), (body, rows) => widened(body, rows));
  }
  return { tail, vocabSize };
}

/** Puts the nodes of the scoring graph before and behind those of the model and gives the model its inputs and outputs. */
function merge(graph: GraphProto, scoring: Graph): void {
  const names = definedNames(graph);
  const behind = scoring.nodes.findIndex(({ inputs }) => inputs.some((value) => value !== null && names.has(value.name)));
  const made = fromBinary(ModelProtoSchema, encodeModel(scoring)).graph!;
  graph.node = [...made.node.slice(0, behind), ...graph.node, ...made.node.slice(behind)];
  graph.initializer = [...graph.initializer, ...made.initializer];
  graph.input = made.input;
  graph.output = made.output;
  prune(graph);
}

function describeTail(tail: LogitsTail, vocabSize: number, notes: string[]): void {
  if (tail.kind === 'rows') {
    const { node, hiddenType, width } = tail.projection;
    notes.push(`The projection ${nodeTitle(node)} from ${width} ${hiddenType} to ${vocabSize} is part of the loss head: logits exist for one chunk of rows at a time.`);
  } else {
    notes.push(`Logits exist whole inside the session, since ${tail.reason}: B x T x ${vocabSize} numbers a batch.`);
  }
}

function multipliesIntegers(graph: GraphProto): boolean {
  return graph.node.some(({ opType }) => /^(MatMulInteger|MatMulIntegerToFloat|QLinearMatMul|QGemm|DynamicQuantizeMatMul)$/.test(opType));
}

function describeQuantization(graph: GraphProto, notes: string[]): void {
  if (graph.node.some(({ opType }) => opType === 'DynamicQuantizeLinear' || opType === 'DynamicQuantizeMatMul')) {
    notes.push('The model quantizes activations with one scale for a whole batch: losses depend on padding and on the other sequences of a batch.');
  }
}

import { TouchstoneError } from '../../errors.js';
import { graphAttribute, ints, type Graph, type Initializer, type Node } from '../ir.js';
import { isStandard } from './graph-index.js';
import type { DecodedModel } from './model-proto.js';

/** GatherElements and Range came with operator set 11. */
const OLDEST = 11;

/**
 * Version of the standard operator set the model is written in.
 * @throws TouchstoneError ('usage') if the loss head cannot be written in it
 */
export function operatorSet(model: DecodedModel): number {
  const found = model.opsetImport.find(({ domain }) => isStandard(domain));
  const version = Number(found?.version ?? 0);
  if (version >= OLDEST) return version;
  throw new TouchstoneError('usage', `the model must import operator set ${OLDEST} or newer, found ${version}`, { advice: 'Export it again with a newer opset, such as 17.' });
}

/** Operator set from which on the second input is one; before, it was an attribute. */
const BECAME_INPUT: Readonly<Record<string, { readonly since: number; readonly attribute: string }>> = {
  Squeeze: { since: 13, attribute: 'axes' },
  Unsqueeze: { since: 13, attribute: 'axes' },
  ReduceSum: { since: 13, attribute: 'axes' },
  ReduceMax: { since: 18, attribute: 'axes' },
  Split: { since: 13, attribute: 'split' },
};

/** The same graph in the words of operator set `version`, 11 or newer. */
export function inOperatorSet(graph: Graph, version: number): Graph {
  const constants = new Map(graph.initializers.map((initializer) => [initializer.value.name, initializer]));
  return translate(graph, version, constants);
}

function translate(graph: Graph, version: number, constants: ReadonlyMap<string, Initializer>): Graph {
  return { ...graph, nodes: graph.nodes.flatMap((node) => translateNode(node, version, constants)) };
}

function translateNode(node: Node, version: number, constants: ReadonlyMap<string, Initializer>): readonly Node[] {
  const body = node.attributes['body'];
  if (body?.kind === 'graph') {
    return [{ ...node, attributes: { ...node.attributes, body: graphAttribute(translate(body.value, version, constants)) } }];
  }
  const moved = BECAME_INPUT[node.op];
  if (moved !== undefined && version < moved.since && node.inputs.length === 2) {
    const [x, sizes] = node.inputs;
    return [{ ...node, inputs: [x!], attributes: { ...node.attributes, [moved.attribute]: ints(integers(constants.get(sizes!.name)!)) } }];
  }
  if (node.op === 'GreaterOrEqual' && version < 12) {
    const [output] = node.outputs;
    const less = { ...output!, name: `${output!.name}_less` };
    return [{ ...node, op: 'Less', outputs: [less] }, { ...node, op: 'Not', inputs: [less] }];
  }
  return [node];
}

function integers({ value, data }: Initializer): readonly number[] {
  if (data.kind !== 'inline' || value.dtype !== 'int64') throw new TouchstoneError('internal', `${value.name} must be int64 values held in the graph`);
  const view = new DataView(data.bytes.buffer, data.bytes.byteOffset, data.bytes.byteLength);
  return Array.from({ length: view.byteLength / 8 }, (_, at) => Number(view.getBigInt64(at * 8, true)));
}

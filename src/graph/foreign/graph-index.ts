import type { AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto } from 'onnx-buf';
import { inlineIntegers } from './model-proto.js';

/** A dimension as a model declares it: a size, a name for one known when the graph runs, or '' for one without a name. */
export type DeclaredDim = number | string;

export interface DeclaredTensor {
  /** A code of TensorProto.DataType. */
  readonly elementCode: number;
  /** null = not even the rank is declared. */
  readonly shape: readonly DeclaredDim[] | null;
}

/** Finds things in the top level of a graph by the names of values. */
export interface GraphIndex {
  producer(value: string): NodeProto | undefined;
  initializer(value: string): TensorProto | undefined;
  declared(value: string): DeclaredTensor | undefined;
  /** The elements of a small int64 constant; null for everything else. */
  integers(value: string): readonly number[] | null;
}

export function indexGraph(graph: GraphProto): GraphIndex {
  const producers = new Map<string, NodeProto>();
  for (const node of graph.node) for (const output of node.output) producers.set(output, node);
  const initializers = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const infos = new Map([...graph.valueInfo, ...graph.input, ...graph.output].map((info) => [info.name, info]));
  return {
    producer: (value) => producers.get(value),
    initializer: (value) => initializers.get(value),
    declared(value) {
      const info = infos.get(value);
      return info === undefined ? undefined : declaredTensor(info);
    },
    integers(value) {
      const tensor = initializers.get(value) ?? constantTensor(producers.get(value));
      return tensor === undefined ? null : inlineIntegers(tensor);
    },
  };
}

/** undefined for a value that is no tensor. */
export function declaredTensor({ type }: ValueInfoProto): DeclaredTensor | undefined {
  if (type?.value.case !== 'tensorType') return undefined;
  const { elemType, shape } = type.value.value;
  const dims = shape?.dim.map(({ value }) => (value.case === 'dimValue' ? Number(value.value) : (value.value ?? '')));
  return { elementCode: elemType, shape: dims ?? null };
}

/** The tensor a Constant node holds as its `value`; undefined for any other node. */
export function constantTensor(node: NodeProto | undefined): TensorProto | undefined {
  return node?.opType === 'Constant' ? attribute(node, 'value')?.t : undefined;
}

export function attribute(node: NodeProto, name: string): AttributeProto | undefined {
  return node.attribute.find((candidate) => candidate.name === name);
}

export function intAttribute(node: NodeProto, name: string, absent: number): number {
  const found = attribute(node, name);
  return found === undefined ? absent : Number(found.i);
}

/** "MatMul /lm_head/MatMul": how a node is called in messages. */
export function nodeTitle(node: NodeProto): string {
  const name = node.name === '' ? node.output[0] : node.name;
  return `${node.domain === '' ? '' : `${node.domain}.`}${node.opType} "${name ?? ''}"`;
}

/** '' is the standard operator set, which a few programs call by its long name. */
export function isStandard(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx';
}

/** The graphs inside a node: branches and loop bodies. */
export function subgraphs(node: NodeProto): readonly GraphProto[] {
  return node.attribute.flatMap(({ g, graphs }) => (g === undefined ? graphs : [g, ...graphs]));
}

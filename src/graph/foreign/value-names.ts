import type { GraphProto, NodeProto } from 'onnx-buf';
import { subgraphs } from './graph-index.js';

/** Names of values that nodes of the graph and of its subgraphs define, inputs and initializers included. */
export function definedNames(graph: GraphProto, names = new Set<string>()): Set<string> {
  for (const { name } of [...graph.input, ...graph.initializer]) names.add(name);
  for (const { values } of graph.sparseInitializer) if (values !== undefined) names.add(values.name);
  for (const node of graph.node) {
    for (const output of node.output) names.add(output);
    for (const inner of subgraphs(node)) definedNames(inner, names);
  }
  return names;
}

/** Names of values a node reads, what its subgraphs take from outside included. */
export function readNames(node: NodeProto): readonly string[] {
  return [...node.input, ...subgraphs(node).flatMap((inner) => [...inner.node.flatMap(readNames), ...inner.output.map(({ name }) => name)])];
}

/** Gives values of the graph other names, wherever they are defined or read; a subgraph's own value of the same name keeps it. */
export function renameValues(graph: GraphProto, names: ReadonlyMap<string, string>): void {
  if (names.size === 0) return;
  const renamed = (name: string): string => names.get(name) ?? name;
  const named = [...graph.input, ...graph.output, ...graph.valueInfo, ...graph.initializer];
  for (const value of [...named, ...graph.sparseInitializer.flatMap(({ values }) => values ?? [])]) value.name = renamed(value.name);
  for (const annotation of graph.quantizationAnnotation) annotation.tensorName = renamed(annotation.tensorName);
  for (const node of graph.node) {
    node.input = node.input.map(renamed);
    node.output = node.output.map(renamed);
    for (const inner of subgraphs(node)) {
      const own = ownNames(inner);
      renameValues(inner, new Map([...names].filter(([name]) => !own.has(name))));
    }
  }
}

function ownNames(graph: GraphProto): ReadonlySet<string> {
  return new Set([...graph.input.map(({ name }) => name), ...graph.initializer.map(({ name }) => name), ...graph.node.flatMap(({ output }) => output)]);
}

/**
 * Gives named dimensions of the graph other names. The runtime lets values share memory where their dimensions have the same
 * names, so a name must mean one size throughout.
 */
export function renameDimensions(graph: GraphProto, rename: (name: string) => string): void {
  for (const { type } of [...graph.input, ...graph.output, ...graph.valueInfo]) {
    if (type?.value.case !== 'tensorType') continue;
    for (const { value } of type.value.value.shape?.dim ?? []) if (value.case === 'dimParam') value.value = rename(value.value);
  }
  for (const node of graph.node) for (const inner of subgraphs(node)) renameDimensions(inner, rename);
}

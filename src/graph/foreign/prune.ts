import type { GraphProto, NodeProto } from 'onnx-buf';
import { readNames } from './value-names.js';

/** Removes everything of the graph's top level that its outputs do not need, inputs included. */
export function prune(graph: GraphProto): void {
  const producers = new Map<string, NodeProto>();
  for (const node of graph.node) for (const output of node.output) if (output !== '') producers.set(output, node);

  const needed = new Set<string>();
  const kept = new Set<NodeProto>();
  const waiting = graph.output.map(({ name }) => name);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (needed.has(name)) continue;
    needed.add(name);
    const node = producers.get(name);
    if (node === undefined || kept.has(node)) continue;
    kept.add(node);
    for (const read of readNames(node)) waiting.push(read);
  }

  graph.node = graph.node.filter((node) => kept.has(node));
  graph.input = graph.input.filter(({ name }) => needed.has(name));
  graph.initializer = graph.initializer.filter(({ name }) => needed.has(name));
  graph.sparseInitializer = graph.sparseInitializer.filter(({ values }) => values === undefined || needed.has(values.name));
  graph.valueInfo = graph.valueInfo.filter(({ name }) => needed.has(name));
}

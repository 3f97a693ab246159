import { create } from '@bufbuild/protobuf';
import { NodeProtoSchema, type GraphProto, type NodeProto } from 'onnx-buf';
import { attribute, isStandard } from './graph-index.js';
import { definedNames, renameValues } from './value-names.js';

/**
 * Merged decoders hold a branch with a past and one without, and choose by an input. Puts the branch taken when `input` is
 * false in the place of every If that asks for it, so that what follows sees one plain graph. Returns the number of branches.
 */
export function inlineBranches(graph: GraphProto, input: string): number {
  let inlined = 0;
  for (;;) {
    const conditions = conditionsOn(graph, input);
    const at = graph.node.findIndex((node) => isStandard(node.domain) && node.opType === 'If' && conditions.has(node.input[0]!));
    if (at === -1) return inlined;
    const node = graph.node[at]!;
    const branch = attribute(node, conditions.get(node.input[0]!) === true ? 'then_branch' : 'else_branch')!.g!;
    const before = graph.node.slice(0, at);
    const after = graph.node.slice(at + 1);
    graph.node = [...before, ...after];
    graph.node = [...before, ...unfold(graph, node, branch), ...after];
    inlined++;
  }
}

/** Values that are `input` or its opposite, and what they are when it is false. */
function conditionsOn(graph: GraphProto, input: string): ReadonlyMap<string, boolean> {
  const known = new Map([[input, false]]);
  for (const { domain, opType, input: from, output } of graph.node) {
    const value = known.get(from[0] ?? '');
    if (value === undefined || !isStandard(domain)) continue;
    if (['Identity', 'Cast', 'Squeeze', 'Unsqueeze', 'Reshape'].includes(opType)) known.set(output[0]!, value);
    if (opType === 'Not') known.set(output[0]!, !value);
  }
  return known;
}

/** The nodes of the branch under names that are free in the graph, giving the outputs of the If it replaces. */
function unfold(graph: GraphProto, node: NodeProto, branch: GraphProto): readonly NodeProto[] {
  const taken = new Set([...definedNames(graph), ...node.output]);
  const names = new Map<string, string>();
  for (const name of definedNames(branch)) {
    let free = name;
    for (let count = 1; taken.has(free); count++) free = `${name}_branch${count}`;
    names.set(name, free);
    taken.add(free);
  }
  renameValues(branch, names);
  graph.initializer.push(...branch.initializer);
  graph.sparseInitializer.push(...branch.sparseInitializer);
  graph.valueInfo.push(...branch.valueInfo);
  const handOver = branch.output.map(({ name }, at) => create(NodeProtoSchema, { opType: 'Identity', input: [name], output: [node.output[at]!], name: `${node.output[at]!}_branch` }));
  return [...branch.node, ...handOver];
}

import { create } from '@bufbuild/protobuf';
import { AttributeProtoSchema, GraphProtoSchema, NodeProtoSchema, TensorProtoSchema, ValueInfoProtoSchema, type GraphProto } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { prune } from '../../../src/graph/foreign/prune.js';
import { definedNames, renameValues } from '../../../src/graph/foreign/value-names.js';

/** y = If(choice) { a branch that makes its own x } else { a branch that reads the x around it, and w }; z is nobody's. */
function graphWithBranches(): GraphProto {
  const value = (name: string) => create(ValueInfoProtoSchema, { name });
  const node = (opType: string, input: string[], output: string[]) => create(NodeProtoSchema, { opType, input, output });
  const own = create(GraphProtoSchema, { node: [node('Constant', [], ['x']), node('Neg', ['x'], ['own'])], output: [value('own')] });
  const outer = create(GraphProtoSchema, { node: [node('Mul', ['x', 'w'], ['outer'])], output: [value('outer')] });
  const choose = node('If', ['choice'], ['y']);
  choose.attribute = [create(AttributeProtoSchema, { name: 'then_branch', g: own }), create(AttributeProtoSchema, { name: 'else_branch', g: outer })];
  return create(GraphProtoSchema, {
    input: [value('choice'), value('unread')],
    initializer: ['x', 'w', 'z'].map((name) => create(TensorProtoSchema, { name })),
    node: [node('Neg', ['z'], ['nothing']), choose],
    output: [value('y')],
    valueInfo: [value('y'), value('nothing')],
  });
}

describe('names of values', () => {
  it('change wherever a value is read, but not where a branch means a value of its own', () => {
    const graph = graphWithBranches();
    renameValues(graph, new Map([['x', 'x2'], ['y', 'y2'], ['choice', 'c2']]));
    const [own, outer] = graph.node[1]!.attribute.map(({ g }) => g!);
    expect(graph.initializer.map(({ name }) => name)).toEqual(['x2', 'w', 'z']);
    expect([graph.node[1]!.input, graph.node[1]!.output, graph.output[0]!.name]).toEqual([['c2'], ['y2'], 'y2']);
    expect(own!.node.map(({ input, output }) => [...input, ...output])).toEqual([['x'], ['x', 'own']]);
    expect(outer!.node[0]!.input).toEqual(['x2', 'w']);
  });

  it('are known for the whole graph, branches included', () => {
    expect([...definedNames(graphWithBranches())].sort()).toEqual(['choice', 'nothing', 'outer', 'own', 'unread', 'w', 'x', 'y', 'z']);
  });
});

describe('prune', () => {
  it('keeps what an output needs, also through a branch, and nothing else', () => {
    const graph = graphWithBranches();
    prune(graph);
    expect(graph.node.map(({ opType }) => opType)).toEqual(['If']);
    expect(graph.initializer.map(({ name }) => name)).toEqual(['x', 'w']);
    expect(graph.input.map(({ name }) => name)).toEqual(['choice']);
    expect(graph.valueInfo.map(({ name }) => name)).toEqual(['y']);
  });
});

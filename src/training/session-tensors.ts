import type { FloatTensor } from '../model/float-tensor.js';
import type { StatefulSession } from '../runtime/stateful-session.js';
import type { Parameter } from './step-graphs.js';

/** Copies of the named tensors of the session; moments have the shape of their parameter. */
export async function tensorsOf(session: StatefulSession, names: readonly string[], parameters: readonly Parameter[]): Promise<FloatTensor[]> {
  const state = await session.read(names);
  const shapes = new Map(parameters.map(({ name, shape }) => [name, shape]));
  return names.map((name) => ({ name, shape: shapes.get(name) ?? shapes.get(name.slice(0, name.lastIndexOf('/')))!, data: state[name]!.data as Float32Array<ArrayBuffer> }));
}

/** What a session begins with, of tensors that were read. */
export function arraysOf(loaded: ReadonlyMap<string, FloatTensor>): Map<string, Float32Array<ArrayBuffer>> {
  return new Map([...loaded].map(([name, { data }]) => [name, data]));
}

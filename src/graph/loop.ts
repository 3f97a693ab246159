import { TouchstoneError } from '../errors.js';
import type { GraphBuilder } from './builder.js';
import { describe, graphAttribute, int, sameShape, type Dim, type Value } from './ir.js';

interface Variable {
  readonly initial: Value;
  readonly inside: Value;
  /** Name of the Loop's output. */
  readonly name: string;
  next?: Value;
}

/**
 * An ONNX Loop under construction (https://onnx.ai/onnx/operators/onnx__Loop.html). Variables and outputs are added while its body is built, so that code which
 * asks for tensors one by one can be put into a loop. The body may use any value of the graphs around it.
 */
export class LoopBuilder {
  readonly body: GraphBuilder;
  /** int64 []: 0 in the first iteration. */
  readonly iteration: Value;
  readonly #outside: GraphBuilder;
  readonly #goesOn: Value;
  readonly #variables: Variable[] = [];
  readonly #collected: { readonly inside: Value; readonly name: string }[] = [];

  constructor(outside: GraphBuilder, name: string) {
    this.#outside = outside;
    this.body = outside.subgraph(name);
    this.iteration = this.body.input(`${name}/iteration`, 'int64', []);
    this.#goesOn = this.body.input(`${name}/goes_on`, 'bool', []);
  }

  /** The part of `stacked` (K, ...) that belongs to the iteration, [...]. */
  row(stacked: Value): Value {
    return this.body.node('Gather', [stacked, this.iteration], stacked.dtype, stacked.shape.slice(1), { attributes: { axis: int(0) } });
  }

  /**
   * A value that iterations hand on: `initial` in the first, what `replace` says of the one before in the others.
   *
   * @param name of the output of the Loop that holds the last
   */
  variable(initial: Value, name: string): Value {
    const inside = this.body.input(`${initial.name}/held`, initial.dtype, initial.shape);
    this.#variables.push({ initial, inside, name });
    return inside;
  }

  replace(variable: Value, next: Value): void {
    const known = this.#variables.find(({ inside }) => inside === variable);
    if (known === undefined) throw new TouchstoneError('internal', `${describe(variable)} is no variable of the loop ${this.body.name}`);
    if (next.dtype !== variable.dtype || !sameShape(next.shape, variable.shape)) throw new TouchstoneError('internal', `${describe(variable)} cannot be replaced by ${describe(next)}`);
    known.next = next;
  }

  /** Puts the values of all iterations below each other; their shape must be the same in each. */
  collect(name: string, value: Value): void {
    this.#collected.push({ inside: value, name });
  }

  /**
   * Ends the body and adds the Loop to the graph around it.
   *
   * @param trips int64 [1] or []: how many iterations; at least one
   * @param count what their number is called in shapes
   * @returns by name: the last value of each variable, and what was collected, (count, ...)
   */
  build(trips: Value, count: Dim): ReadonlyMap<string, Value> {
    this.body.output(`${this.body.name}/still_goes_on`, this.#goesOn);
    for (const { inside, next } of this.#variables) {
      if (next === undefined) throw new TouchstoneError('internal', `the variable ${describe(inside)} of the loop ${this.body.name} is never replaced`);
      this.body.output(next.name, next);
    }
    for (const { inside } of this.#collected) this.body.output(inside.name, inside);
    const outputs = [
      ...this.#variables.map(({ inside, name }) => ({ name, dtype: inside.dtype, shape: inside.shape })),
      ...this.#collected.map(({ inside, name }) => ({ name, dtype: inside.dtype, shape: [count, ...inside.shape] })),
    ];
    const made = this.#outside.nodes('Loop', [trips, null, ...this.#variables.map(({ initial }) => initial)], outputs, { attributes: { body: graphAttribute(this.body.build()) } });
    return new Map(outputs.map(({ name }, at) => [name, made[at]!]));
  }
}

import { TouchstoneError } from '../errors.js';
import type { WeightRef } from '../records.js';
import type { GraphBuilder } from './builder.js';
import type { Value } from './ir.js';
import { sameShape } from './ir.js';
import { cast } from './ops.js';

/** The tensors of a checkpoint, handed to the layers by their Hugging Face names. */
export interface Weights {
  /** The tensor in the element type of the graph whatever its storage type; must have exactly this shape. The same name gives the same value again. */
  take(name: string, shape: readonly number[]): Value;
  /** Throws if a tensor was never taken: a weight nobody reads means another architecture. */
  assertAllUsed(): void;
}

/** What the weights of a graph, and all that is computed from them, are numbers of. */
export type BodyType = 'float32' | 'float16';

/** `type`: what tensors of another storage type are cast to. onnxruntime does that once, when it loads the graph. */
export function checkpointWeights(g: GraphBuilder, refs: ReadonlyMap<string, WeightRef>, type: BodyType = 'float32'): Weights {
  const taken = new Map<string, Value>();
  return {
    take(name, shape) {
      const known = taken.get(name);
      const ref = refs.get(name);
      if (ref === undefined) {
        throw new TouchstoneError('io', `the checkpoint has no tensor ${name}, expected one of shape [${shape.join(', ')}]`, {
          advice: 'Check that config.json belongs to these weights.',
        });
      }
      if (!sameShape(ref.shape, shape)) {
        throw new TouchstoneError('io', `tensor ${name} must have shape [${shape.join(', ')}], found [${ref.shape.join(', ')}] in ${ref.location}`, {
          advice: 'Check that config.json belongs to these weights.',
        });
      }
      if (known !== undefined) return known;
      const value = cast(g, g.weight(ref), type);
      taken.set(name, value);
      return value;
    },
    assertAllUsed() {
      const unused = [...refs.keys()].filter((name) => !taken.has(name));
      if (unused.length === 0) return;
      const shown = unused.slice(0, 5).join(', ') + (unused.length > 5 ? ', ...' : '');
      throw new TouchstoneError('io', `the architecture in config.json uses none of these ${unused.length} tensors of the checkpoint: ${shown}`, {
        advice: 'The weights belong to another architecture, or config.json lacks a setting (a bias, a norm). Losses would be wrong, so nothing is scored.',
      });
    },
  };
}

/** Parameters as values of their own, for training: each is float32, declared by its name the first time it is taken. */
export interface ParameterValues extends Weights {
  /** By name, in the order they were first taken. */
  readonly taken: ReadonlyMap<string, Value>;
}

export function parameterValues(declare: (name: string, shape: readonly number[]) => Value): ParameterValues {
  const taken = new Map<string, Value>();
  return {
    taken,
    take(name, shape) {
      const known = taken.get(name);
      if (known !== undefined) return known;
      const value = declare(name, shape);
      taken.set(name, value);
      return value;
    },
    assertAllUsed: () => undefined,
  };
}

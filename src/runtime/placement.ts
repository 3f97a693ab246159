import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An operator of a graph, where its nodes were computed, and how often they were in all runs. */
export interface PlacedOperator {
  readonly provider: string;
  readonly operator: string;
  readonly runs: number;
}

/** onnxruntime says where it computes a node in one place alone, the profile of a session: a file that is complete when the profile is ended. */
export interface Profile {
  /** For the session's options. */
  readonly prefix: string;
  /** Reads the profile, once the session has ended it. */
  read(): Promise<readonly PlacedOperator[]>;
  remove(): Promise<void>;
}

export async function beginProfile(): Promise<Profile> {
  const folder = await mkdtemp(join(tmpdir(), 'touchstone-profile-'));
  return {
    prefix: join(folder, 'run'),
    async read() {
      const [name] = await readdir(folder);
      return placedOperators(await readFile(join(folder, name!), 'utf8'));
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly args: { readonly provider?: string; readonly op_name?: string };
}

/** @param profile the JSON that onnxruntime writes: one event for each thing it did, those of nodes named after them */
export function placedOperators(profile: string): readonly PlacedOperator[] {
  const placed = new Map<string, { readonly provider: string; readonly operator: string; runs: number }>();
  for (const { cat, name, args } of JSON.parse(profile) as readonly ProfileEvent[]) {
    const { provider, op_name: operator } = args;
    if (cat !== 'Node' || !name.endsWith('_kernel_time') || provider === undefined || operator === undefined) continue;
    const key = `${provider}/${operator}`;
    const known = placed.get(key);
    if (known === undefined) placed.set(key, { provider, operator, runs: 1 });
    else known.runs++;
  }
  return [...placed.values()];
}

/**
 * Operators by which graphs work out shapes and indices. onnxruntime leaves those that follow a Shape to the CPU on purpose: on a GPU, each would have the host wait for
 * a number or two.
 */
const ARITHMETIC: ReadonlySet<string> = new Set([
  'Add', 'And', 'Cast', 'Concat', 'ConstantOfShape', 'Div', 'Equal', 'Expand', 'Gather', 'Greater', 'GreaterOrEqual', 'Identity', 'Less', 'LessOrEqual', 'Max', 'Min', 'Mod', 'Mul', 'Neg', 'Not',
  'Or', 'Range', 'ReduceProd', 'Reshape', 'Shape', 'Size', 'Slice', 'Split', 'Squeeze', 'Sub', 'Tile', 'Transpose', 'Unsqueeze', 'Where',
]);

/** What a session on CUDA left to the CPU although it is no arithmetic of shapes: it has no kernel for it. Names with the number of runs. */
export function leftToCpu(placed: readonly PlacedOperator[]): readonly PlacedOperator[] {
  return placed.filter(({ provider, operator }) => provider === 'CPUExecutionProvider' && !ARITHMETIC.has(operator));
}

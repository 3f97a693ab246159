import { canonicalJson } from './canonical-json.js';
import type { Plan } from './plan-record.js';

/** The first place where two plans disagree, and the sentence that says so. */
export interface PlanDifference {
  /** "plan.windows.stride" */
  readonly path: string;
  /** "plan.windows.stride is 512 in this run and 256 in this command" */
  readonly message: string;
}

/** Longest value that is quoted whole. */
const QUOTED_CHARACTERS = 80;

/**
 * Compares a run's plan with that of a command, key by key in the order of the plan's schema (causes before consequences: files before their hash,
 * files before the units cut from them). Locations are not compared. undefined where the plans are the same.
 */
export function firstPlanDifference(frozen: Plan, mine: Plan): PlanDifference | undefined {
  return compare(frozen, mine, 'plan');
}

function compare(frozen: unknown, mine: unknown, path: string): PlanDifference | undefined {
  if (Array.isArray(frozen) && Array.isArray(mine)) return compareLists(frozen, mine, path);
  if (isRecord(frozen) && isRecord(mine)) {
    const keys = new Set([...Object.keys(frozen), ...Object.keys(mine)]);
    keys.delete('location');
    for (const key of keys) {
      const difference = compare(frozen[key], mine[key], `${path}.${key}`);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  if (Object.is(frozen, mine)) return undefined;
  return { path, message: `${path} is ${quote(frozen)} in this run and ${quote(mine)} in this command` };
}

/** Lists of files are compared by name, so that one new file is one difference; others by position. */
function compareLists(frozen: readonly unknown[], mine: readonly unknown[], path: string): PlanDifference | undefined {
  const fileKey = [...frozen, ...mine].every((entry) => nameOf(entry) !== undefined);
  if (fileKey && frozen.length + mine.length > 0) {
    const theirs = new Map(frozen.map((entry) => [nameOf(entry), entry]));
    const ours = new Map(mine.map((entry) => [nameOf(entry), entry]));
    for (const [name = '', entry] of theirs) {
      const at = `${path}[${JSON.stringify(name)}]`;
      if (!ours.has(name)) return { path: at, message: `${at} is part of this run and not of this command` };
      const difference = compare(entry, ours.get(name), at);
      if (difference !== undefined) return { ...difference, message: `the file ${name} has changed: ${difference.message}` };
    }
    for (const name of ours.keys()) {
      const at = `${path}[${JSON.stringify(name)}]`;
      if (!theirs.has(name)) return { path: at, message: `${at} is part of this command and not of this run` };
    }
  }
  for (let index = 0; index < Math.min(frozen.length, mine.length); index++) {
    const difference = compare(frozen[index], mine[index], `${path}[${index}]`);
    if (difference !== undefined) return difference;
  }
  if (frozen.length === mine.length) return undefined;
  return { path, message: `${path} has ${frozen.length} entries in this run and ${mine.length} in this command` };
}

/** What identifies an entry of corpus.files or model.files. */
function nameOf(entry: unknown): string | undefined {
  if (!isRecord(entry) || typeof entry['sha256'] !== 'string') return undefined;
  const name = entry['path'] ?? entry['name'];
  return typeof name === 'string' ? name : undefined;
}

function quote(value: unknown): string {
  if (value === undefined) return 'absent';
  const text = canonicalJson(value);
  return text.length <= QUOTED_CHARACTERS ? text : `${text.slice(0, QUOTED_CHARACTERS)}…`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

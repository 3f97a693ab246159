import type { Plan } from '../run/plan.js';
import type { Lists } from '../store/schema.js';
import type { Ranges } from './ranges.js';

/** Tokens before a document's own: 1 with a BOS prefix. */
export function prefixTokens({ windows }: Plan): number {
  return windows.bos === 'none' ? 0 : 1;
}

/** Writes for each token the range of the number of tokens the model saw before it, by the rule of windows/cut.ts. */
export function writeContexts(offsets: Int32Array, { windows }: Plan, prefix: number, ranges: Ranges, target: Uint16Array): void {
  const { contextLength, stride } = windows;
  const rangeOf = Uint16Array.from({ length: contextLength }, (_, context) => ranges.indexOf(context));
  for (let row = 0; row + 1 < offsets.length; row++) {
    let context = prefix;
    for (let i = offsets[row]!; i < offsets[row + 1]!; i++) {
      target[i] = rangeOf[context]!;
      // The window is full: the next token is scored in one that begins `stride` tokens later.
      if (++context === contextLength) context = contextLength - stride;
    }
  }
}

/** Whether a document position is the first that a new window scores, the first window aside. */
export function beginsWindow(position: number, { windows }: Plan, prefix: number): boolean {
  const { contextLength, stride } = windows;
  const beyond = position + prefix - contextLength;
  return beyond >= 0 && beyond % stride === 0;
}

/** Writes for each token the range of its position in its document: of its row, or in the packed layout from docStarts on. */
export function writePositions(offsets: Int32Array, packed: PackedPlaces | undefined, ranges: Ranges, target: Uint16Array): void {
  for (let row = 0; row + 1 < offsets.length; row++) {
    const [start, end] = [offsets[row]!, offsets[row + 1]!];
    if (packed === undefined) {
      for (let i = start; i < end; i++) target[i] = ranges.indexOf(i - start);
      continue;
    }
    const { docStarts, ids } = packed;
    let next = docStarts.offsets[row]!;
    const last = docStarts.offsets[row + 1]!;
    let position = firstPosition(ids[row]!);
    for (let i = start; i < end; i++, position++) {
      if (next < last && docStarts.values[next] === i - start) {
        position = 0;
        next++;
      }
      target[i] = ranges.indexOf(position);
    }
  }
}

export interface PackedPlaces {
  readonly docStarts: Lists;
  /** (rows) "document@position" of the document the row begins in. */
  readonly ids: readonly string[];
}

/** Where in its document a packed row begins; 0 where the id does not say. */
function firstPosition(id: string): number {
  const position = Number(/@(\d{1,15})$/.exec(id)?.[1] ?? 0);
  return position;
}

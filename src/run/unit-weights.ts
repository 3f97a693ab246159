import type { Plan } from './plan-record.js';

/**
 * How much input each unit has, in bytes; an estimate where a unit is some row groups of a file, which are taken as equally large, or a file's first
 * documents. At least 1, so that a unit without input still counts. By unit.
 */
export function unitWeights({ corpus }: Plan): Float64Array {
  const fileBytes = new Map(corpus.files.map(({ path, bytes }) => [path, bytes]));
  const rowGroups = new Map<string, number>();
  for (const { slices } of corpus.units) {
    for (const { file, range } of slices) {
      if (range.kind === 'rowGroups') rowGroups.set(file, Math.max(range.end, rowGroups.get(file) ?? 0));
    }
  }
  return Float64Array.from(corpus.units, ({ slices }) => {
    let bytes = 0;
    for (const { file, range } of slices) {
      if (range.kind === 'bytes') bytes += range.end - range.start;
      else bytes += fileBytes.get(file)! * (range.kind === 'whole' ? 1 : (range.end - range.start) / rowGroups.get(file)!);
    }
    return Math.max(1, bytes);
  });
}

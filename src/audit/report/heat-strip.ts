import type { HeatScale } from './heat-scale.js';

const HEIGHT = 9;

/** The colours of a heatmap below an axis from pixel ends[0] to ends[1], so that a bar can be found again in the text. */
export function heatStrip({ kind, edges, steps }: HeatScale, place: (nats: number) => number, ends: readonly [number, number], y: number): string {
  const cells = steps.map(({ className }, step) => {
    const x = step === 0 ? ends[0] : place(edges[step - 1]!);
    const end = step === edges.length ? ends[1] : place(edges[step]!);
    return `<rect class="${className}" x="${x.toFixed(1)}" y="${y}" width="${(end - x).toFixed(1)}" height="${HEIGHT}"/>`;
  });
  return `<g class="strip-${kind}">${cells.join('')}</g><rect class="frame" x="${ends[0]}" y="${y}" width="${ends[1] - ends[0]}" height="${HEIGHT}"/>`;
}

import { contrastOf, hexOf, type Shade } from '../../charts/color.js';

/** A scale of absolute steps: class names, their lower edges, and the colours of each theme. Fixed, so that two reports can be laid side by side. */
export interface HeatScale {
  readonly kind: 'loss' | 'excess';
  /** (steps - 1) nats, ascending; step i holds the values from edges[i - 1] up to, not including, edges[i]. */
  readonly edges: readonly number[];
  readonly steps: readonly HeatStep[];
}

export interface HeatStep {
  readonly className: string;
  readonly light: Swatch;
  readonly dark: Swatch;
}

export interface Swatch {
  readonly background: string;
  /** A text colour whose contrast with the background is at least 4.5 to 1. */
  readonly text: string;
}

/** Losses: two steps for every doubling, from 1/4 nat to 8; clamped below and above, where tokens are as good as certain or as good as random. */
export const LOSS_SCALE: HeatScale = heatScale('loss', Array.from({ length: 11 }, (_, k) => 2 ** (k / 2 - 2)), 'h', {
  light: (at) => ({ lightness: between(0.995, 0.33, at ** 1.1), chroma: 0.005 + 0.145 * arch(at), hue: between(98, 28, at ** 0.8) }),
  dark: (at) => ({ lightness: between(0.2, 0.93, at), chroma: 0.012 + 0.12 * arch(at * 0.95), hue: between(25, 98, at ** 0.9) }),
});

const EXCESS_EDGES = [0.125, 0.25, 0.5, 1, 2, 4];

/** Excess losses: blue below zero, orange above, a step for every doubling from 1/8 nat to 4, and one around zero. */
export const EXCESS_SCALE: HeatScale = heatScale('excess', [...EXCESS_EDGES.toReversed().map((edge) => -edge), ...EXCESS_EDGES], 'x', {
  light: (at) => diverging(at, 0.99, 0.4),
  dark: (at) => diverging(at, 0.22, 0.87),
});

/** -1 to 1 around the middle of the scale; the distance from it sets the lightness, the side the hue. */
function diverging(at: number, middle: number, end: number): Shade {
  const side = 2 * at - 1;
  const distance = Math.abs(side);
  return { lightness: between(middle, end, distance), chroma: distance === 0 ? 0.004 : 0.02 + 0.11 * arch(distance), hue: side < 0 ? 250 : 60 };
}

function heatScale(kind: HeatScale['kind'], edges: readonly number[], prefix: string, themes: Readonly<Record<'light' | 'dark', (at: number) => Shade>>): HeatScale {
  const steps = Array.from({ length: edges.length + 1 }, (_, step) => ({
    className: `${prefix}${step}`,
    light: swatch(themes.light(step / edges.length)),
    dark: swatch(themes.dark(step / edges.length)),
  }));
  return { kind, edges, steps };
}

/** The class of a value; NaN has none. */
export function heatClass(scale: HeatScale, nats: number): string {
  const above = scale.edges.findIndex((edge) => nats < edge);
  return scale.steps[above < 0 ? scale.edges.length : above]!.className;
}

/** Rules for the classes of a scale in one theme. */
export function heatRules({ steps }: HeatScale, theme: 'light' | 'dark'): string {
  return steps.map((step) => `.${step.className} { background: ${step[theme].background}; color: ${step[theme].text}; fill: ${step[theme].background}; }`).join('\n');
}

function swatch(shade: Shade): Swatch {
  const background = hexOf(shade);
  const softer = ['#15181c', '#f4f1ec'].find((text) => contrastOf(background, text) >= 7);
  return { background, text: softer ?? (contrastOf(background, '#000000') > contrastOf(background, '#ffffff') ? '#000000' : '#ffffff') };
}

function between(from: number, to: number, at: number): number {
  return from + (to - from) * at;
}

/** Rises from near 0 to 1 a little after the middle and falls again. */
function arch(at: number): number {
  return Math.sin(Math.PI * Math.min(1, at * 0.9 + 0.02));
}

import { countText } from './number-text.js';

/** What a progress line says about a training run. NaN stands for what there is not. */
export interface TrainProgress {
  readonly step: number;
  readonly steps: number;
  /** Nats. */
  readonly loss: number;
  /** Share of the consumed tokens that was trained on, 0 to 1. */
  readonly keptShare: number;
  /** Mean excess loss in nats. */
  readonly excessKept: number;
  readonly excessDropped: number;
  readonly tokensPerSecond: number;
  readonly secondsLeft: number;
}

/** A bar is drawn where it has room for at least this many characters, and never wider than MOST_BAR. */
const LEAST_BAR = 8;
const MOST_BAR = 24;

/** The state of a training run in one line of at most `columns` characters, where these are 80 or more; a bar takes what is left. */
export function trainLine(progress: TrainProgress, columns: number): string {
  const { step, steps, loss, keptShare, excessKept, excessDropped, tokensPerSecond, secondsLeft } = progress;
  const parts = [
    `${step}/${steps}`,
    `loss ${nats(loss)}`,
    `kept ${Number.isFinite(keptShare) ? `${Math.round(100 * keptShare)}%` : '-'}`,
    `excess ${nats(excessKept)}/${nats(excessDropped)}`,
    `${Number.isFinite(tokensPerSecond) ? countText(tokensPerSecond).replace(' ', '') : '-'} tok/s`,
    `ETA ${shortDuration(secondsLeft)}`,
  ];
  const wide = parts.join('  ');
  const text = wide.length <= columns ? wide : parts.join(' ');
  const room = Math.min(MOST_BAR, columns - text.length - 1);
  if (room < LEAST_BAR) return text;
  const filled = Math.round((room * step) / steps);
  return `${'█'.repeat(filled)}${'░'.repeat(room - filled)} ${text}`;
}

function nats(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : '-';
}

/** Seconds as "12s", "4m05s", "2h10m" or "3d04h". */
function shortDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '...';
  const whole = Math.round(seconds);
  const pair = (large: number, unit: string, small: number, smallUnit: string): string => `${large}${unit}${String(small).padStart(2, '0')}${smallUnit}`;
  if (whole < 60) return `${whole}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return pair(minutes, 'm', whole % 60, 's');
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? pair(hours, 'h', minutes % 60, 'm') : pair(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

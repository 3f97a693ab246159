/** How the report writes numbers: one form for each kind of quantity, so that columns can be compared at a glance. A missing value is a dash. */

const NONE = '–';
const NO_BREAK_SPACE = '\u00a0';

/** 1234567 as "1,234,567". */
export function countText(count: number | null): string {
  if (count === null || !Number.isFinite(count)) return NONE;
  return grouped(String(Math.round(count)));
}

function grouped(digits: string): string {
  return digits.replace('-', '−').replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Nats, and distances in nats, to a thousandth; smaller ones in two significant digits, so that none is written as 0. */
export function natsText(nats: number | null): string {
  if (nats === null || !Number.isFinite(nats)) return NONE;
  if (nats !== 0 && Math.abs(nats) < 0.0005) return exponential(nats, 1);
  return nats.toFixed(3).replace('-', '−');
}

/** Percentiles are multiples of 2^-11 nats: what is below half a thousandth is 0 to that precision. */
export function percentileText(nats: number | null | undefined): string {
  return nats === null || nats === undefined ? NONE : nats.toFixed(3);
}

/** "+0.031", "−1.200", "0.000". */
export function deltaText(nats: number | null): string {
  return nats !== null && nats > 0 && Number.isFinite(nats) ? `+${natsText(nats)}` : natsText(nats);
}

/** A share of 0 to 1 as "34.2 %"; below a tenth of a percent two significant digits; 0 and 1 only where they are exact. */
export function percentText(share: number | null): string {
  if (share === null || !Number.isFinite(share)) return NONE;
  const percent = share * 100;
  const text =
    percent === 0 ? '0' : percent < 0.0001 ? '<0.0001' : percent < 0.1 ? decimal(percent, 2) : percent < 100 && percent >= 99.95 ? '>99.9' : percent.toFixed(1);
  return `${text}${NO_BREAK_SPACE}%`;
}

/** Significant digits without an exponent: 0.0012. */
function decimal(value: number, digits: number): string {
  return value.toFixed(Math.max(0, digits - 1 - Math.floor(Math.log10(value))));
}

/** "2.31 × 10⁻⁵" */
function exponential(value: number, digits: number): string {
  const [mantissa, power] = value.toExponential(digits).split('e') as [string, string];
  return `${mantissa.replace('-', '−')}${NO_BREAK_SPACE}×${NO_BREAK_SPACE}10${superscript(String(Number(power)))}`;
}

const SUPERSCRIPTS: Readonly<Record<string, string>> = { '-': '⁻', 0: '⁰', 1: '¹', 2: '²', 3: '³', 4: '⁴', 5: '⁵', 6: '⁶', 7: '⁷', 8: '⁸', 9: '⁹' };

function superscript(digits: string): string {
  return Array.from(digits, (digit) => SUPERSCRIPTS[digit]!).join('');
}

/** e to the mean loss in four significant digits; written as a power of ten where it is long, also where it is larger than any double. */
export function perplexityText(meanNats: number | null): string {
  if (meanNats === null || !Number.isFinite(meanNats)) return NONE;
  const log10 = meanNats / Math.LN10;
  if (log10 < 6) {
    const value = Math.exp(meanNats);
    return value < 1000 ? value.toPrecision(4) : grouped(value.toFixed(0));
  }
  const power = Math.floor(log10);
  return `${(10 ** (log10 - power)).toFixed(2)}${NO_BREAK_SPACE}×${NO_BREAK_SPACE}10${superscript(String(power))}`;
}

/** A number without a unit, such as PSI, in three decimals. */
export function indexText(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NONE;
  return value > 0 && value < 0.0005 ? '<0.001' : value.toFixed(3).replace('-', '−');
}

/** "11.8 MiB" */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 2 ** (10 * step);
  return `${step === 0 ? value : value.toPrecision(value >= 1000 ? 4 : 3)}${NO_BREAK_SPACE}${units[step]!}`;
}

/** "3.2 s", "4 min 05 s", "7 h 30 min" */
export function durationText(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return NONE;
  const space = NO_BREAK_SPACE;
  if (seconds < 59.5) return `${seconds < 9.95 ? seconds.toFixed(1) : Math.round(seconds)}${space}s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}${space}min${space}${String(whole % 60).padStart(2, '0')}${space}s`;
  return `${grouped(String(Math.floor(minutes / 60)))}${space}h${space}${String(minutes % 60).padStart(2, '0')}${space}min`;
}

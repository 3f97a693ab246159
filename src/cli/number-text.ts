/** 1234567 as "1.23 M"; below ten thousand the number itself. */
export function countText(count: number): string {
  if (count < 10_000) return String(Math.round(count));
  const [divisor, unit] = count < 1e6 ? [1e3, 'k'] : count < 1e9 ? [1e6, 'M'] : [1e9, 'G'];
  return `${(count / divisor).toPrecision(3)} ${unit}`;
}

/** 12345678 as "11.8 MiB". */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 2 ** (10 * step);
  return `${step === 0 ? value : value.toPrecision(value >= 1000 ? 4 : 3)} ${units[step]!}`;
}

/** Seconds as "3.2 s", "4 min 05 s" or "7 h 30 min". */
export function durationText(seconds: number): string {
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.round(seconds) % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** "1 unit", "2 units"; large counts are shortened as by countText. */
export function counted(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`;
}

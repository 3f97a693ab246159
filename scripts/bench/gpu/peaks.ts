const TERA = 1e12;

/** Dense float16 products with float32 sums, FLOP/s, as the makers' data sheets give them for boards without limits of their own. */
const PEAKS: readonly (readonly [name: RegExp, flops: number])[] = [
  [/H200|H100.*(SXM|HBM3)|GH200/, 989 * TERA],
  [/H100.*NVL/, 835 * TERA],
  [/H100/, 756 * TERA],
  [/B200/, 2250 * TERA],
  [/A100/, 312 * TERA],
  [/L40S/, 362 * TERA],
  [/\bL4\b/, 121 * TERA],
  [/A10G?\b/, 125 * TERA],
  [/V100/, 125 * TERA],
  [/\bT4\b/, 65 * TERA],
  [/RTX 4090/, 165 * TERA],
  [/RTX 3090/, 71 * TERA],
];

/** null where the device is not in the list, or is a CPU (null): then no share of a peak is given. */
export function peakFlops(device: string | null): number | null {
  if (device === null) return null;
  return PEAKS.find(([name]) => name.test(device))?.[1] ?? null;
}

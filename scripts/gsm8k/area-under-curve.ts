/** The chance that a random value of `high` is above a random one of `low`; equal values count half. NaN where one of them is empty. */
export function areaUnderCurve(low: Float32Array, high: Float32Array): number {
  const [lows, highs] = [low.toSorted(), high.toSorted()];
  let [below, upTo, sum] = [0, 0, 0];
  for (const value of highs) {
    while (below < lows.length && lows[below]! < value) below++;
    while (upTo < lows.length && lows[upTo]! <= value) upTo++;
    sum += (below + upTo) / 2;
  }
  return sum / (lows.length * highs.length);
}

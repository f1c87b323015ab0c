// The places of the largest of many values.

/** Places of the `count` largest values, in falling order; of equal values the first. */
export function largestValues(values: Float32Array | Float64Array, count: number): number[] {
  // Insertion into a short list costs little, into a long one more than sorting everything.
  if (count * 16 > values.length) {
    const all = Array.from(values.keys());
    return all.sort((a, b) => values[b] - values[a] || a - b).slice(0, count);
  }
  const best: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (best.length === count && !(values[i] > values[best[count - 1]])) continue;
    let at = best.length;
    while (at > 0 && values[i] > values[best[at - 1]]) at--;
    best.splice(at, 0, i);
    if (best.length > count) best.pop();
  }
  return best;
}

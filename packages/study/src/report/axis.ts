// Round numbers for axes, and where they lie.

/** A scale from values to places between 0 and 1, with its ticks. */
export interface Axis {
  place(value: number): number;
  ticks: { at: number; label: string }[];
}

/** Even steps; a little room on both sides. */
export function linearAxis(values: readonly number[], { ticks = 5 } = {}): Axis {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = (most - least) * 0.06 || Math.abs(most) * 0.1 || 1;
  const [low, high] = [least - room, most + room];
  const raw = (high - low) / ticks;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw)!;
  const out: Axis['ticks'] = [];
  for (let t = Math.ceil(low / step) * step; t <= high; t += step) {
    // Sums of 0.1 do not end in even digits.
    const at = Number(t.toPrecision(10));
    out.push({ at, label: shortNumber(at) });
  }
  return { place: (value) => (value - low) / (high - low), ticks: out };
}

/** Even ratios; ticks at the values themselves as far as they do not touch. */
export function logAxis(values: readonly number[]): Axis {
  const distinct = [...new Set(values)].sort((a, b) => a - b);
  const [least, most] = [Math.log(distinct[0]), Math.log(distinct.at(-1)!)];
  const room = (most - least) * 0.06 || 1;
  const place = (value: number): number => (Math.log(value) - least + room) / (most - least + 2 * room);
  const ticks: Axis['ticks'] = [];
  for (const at of distinct) {
    const last = ticks.at(-1);
    if (last && place(at) - place(last.at) < 0.09) continue;
    ticks.push({ at, label: shortNumber(at) });
  }
  return { place, ticks };
}

/** `3400000` → `3.4 M`, `901120` → `901 k`, `0.25` → `0.25`. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  const digits = (n: number): string => String(Number(n.toPrecision(3)));
  if (size >= 1e6) return `${digits(value / 1e6)} M`;
  if (size >= 1e4) return `${digits(value / 1e3)} k`;
  return String(Number(value.toPrecision(6)));
}

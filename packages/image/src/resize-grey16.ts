// Bicubic resizing of 16-bit grey, bit for bit as Pillow's mode I;16: exact weights, rounded to 16 bits after each pass.
import type { Taps } from './bicubic-taps.ts';

/** How a pass walks a picture: samples of a line are `step` apart, lines begin `next` apart. */
interface Walk {
  step: number;
  next: number;
}

function resizeLines(
  source: Uint16Array,
  taps: Taps,
  { lines, from, to }: { lines: number; from: Walk; to: Walk },
): Uint16Array {
  const { first, count, weights, reach } = taps;
  const resized = new Uint16Array(lines * first.length);
  for (let line = 0; line < lines; line++) {
    for (let i = 0; i < first.length; i++) {
      let sum = 0;
      for (let k = 0, at = line * from.next + first[i] * from.step; k < count[i]; k++, at += from.step)
        sum += source[at] * weights[i * reach + k];
      resized[line * to.next + i * to.step] = twoBytes(Math.floor(sum + 0.5));
    }
  }
  return resized;
}

/** Keeps 0 to 65535 as it is and turns less into 0. What is above keeps its low byte, because Pillow clips the bytes. */
function twoBytes(sum: number): number {
  if (sum < 0) return 0;
  return (Math.min(sum >> 8, 255) << 8) | (sum & 255);
}

/**
 * Resizes rows of `width` samples by `across`, then columns by `down`.
 *
 * @returns rows of as many samples as `across` has positions
 */
export function resizeGrey16(
  { width, height, grey16 }: { width: number; height: number; grey16: Uint16Array },
  { across, down }: { across: Taps; down: Taps },
): Uint16Array {
  const narrow = across.first.length;
  const rows = resizeLines(grey16, across, {
    lines: height,
    from: { step: 1, next: width },
    to: { step: 1, next: narrow },
  });
  const columns = { step: narrow, next: 1 };
  return resizeLines(rows, down, { lines: narrow, from: columns, to: columns });
}

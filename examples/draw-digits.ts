// Pictures of digits, 20 × 20, each drawn anew: shifted, turned, stretched, of another weight and on another ground.
import { Random } from '@foreword/nn';

/** Five columns and seven rows of each digit, row by row. */
const shapes = [
  '01110 10001 10011 10101 11001 10001 01110',
  '00100 01100 00100 00100 00100 00100 01110',
  '01110 10001 00001 00010 00100 01000 11111',
  '11111 00010 00100 00010 00001 10001 01110',
  '00010 00110 01010 10010 11111 00010 00010',
  '11111 10000 11110 00001 00001 10001 01110',
  '00110 01000 10000 11110 10001 10001 01110',
  '11111 00001 00010 00100 01000 01000 01000',
  '01110 10001 10001 01110 10001 10001 01110',
  '01110 10001 10001 01111 00001 00010 01100',
].map((rows) => rows.split(' ').map((row) => Array.from(row, Number)));

export const side = 20;

/** Ink of a digit between its columns and rows, bilinear. */
function ink(rows: number[][], x: number, y: number): number {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  const at = (c: number, r: number): number => rows[r]?.[c] ?? 0;
  const [u, v] = [x - column, y - row];
  const upper = at(column, row) * (1 - u) + at(column + 1, row) * u;
  const lower = at(column, row + 1) * (1 - u) + at(column + 1, row + 1) * u;
  return upper * (1 - v) + lower * v;
}

/** `count` pictures [count, side, side, 1], values about 0 to 1, and which digit each one is. */
export function drawDigits(
  count: number,
  { seed }: { seed: number },
): { pixels: Float32Array; digits: Int32Array } {
  const pixels = new Float32Array(count * side * side);
  const digits = new Int32Array(count);
  const random = Random.of(seed, 'digits');
  let drawn = 0;
  const between = (low: number, high: number): number => low + (high - low) * random.uniform(drawn++);
  for (let n = 0; n < count; n++) {
    digits[n] = random.below(10, drawn++);
    const [angle, size, stretch] = [between(-0.3, 0.3), between(1.7, 2.4), between(0.8, 1.2)];
    const [left, top, weight, noise] = [between(-2, 2), between(-2, 2), between(0.7, 1.6), between(0, 0.25)];
    const [cos, sin] = [Math.cos(angle) / size, Math.sin(angle) / size];
    for (let i = 0; i < side * side; i++) {
      const [x, y] = [(i % side) - side / 2 - left, Math.floor(i / side) - side / 2 - top];
      const value = ink(shapes[digits[n]], (cos * x + sin * y) * stretch + 2, cos * y - sin * x + 3);
      pixels[n * side * side + i] = Math.min(1, value * weight) + noise * (random.uniform(drawn++) - 0.5);
    }
  }
  return { pixels, digits };
}

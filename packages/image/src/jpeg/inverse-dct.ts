// Dequantisation and inverse DCT of one 8×8 block, bit for bit as libjpeg's accurate integer method.
//
// Loeffler, Ligtenberg and Moschytz (1989), "Practical fast 1-D DCT algorithms with 11 multiplications", columns
// first, then rows, with 13 fractional bits in the constants and 2 kept between the passes. The rounding is libjpeg's
// (jidctint), so that pixels equal Pillow's.

const constantBits = 13;
const keptBits = 2;
const fixed = (value: number): number => Math.round(value * (1 << constantBits));

// The rotations' constants, from c_k = cos(kπ/16)·√2; names give the value.
const f0_298 = fixed(0.298631336);
const f0_390 = fixed(0.390180644);
const f0_541 = fixed(0.5411961);
const f0_765 = fixed(0.765366865);
const f0_899 = fixed(0.899976223);
const f1_175 = fixed(1.175875602);
const f1_501 = fixed(1.50132111);
const f1_847 = fixed(1.847759065);
const f1_961 = fixed(1.96157056);
const f2_053 = fixed(2.053119869);
const f2_562 = fixed(2.562915447);
const f3_072 = fixed(3.072711026);

const work = new Int32Array(64);
const sums = new Int32Array(8);

/** The one-dimensional transform of eight values, unrounded, into `sums`. */
function transform(
  s0: number,
  s1: number,
  s2: number,
  s3: number,
  s4: number,
  s5: number,
  s6: number,
  s7: number,
): void {
  const turn = (s2 + s6) * f0_541;
  const low = turn - s6 * f1_847;
  const high = turn + s2 * f0_765;
  const sum = (s0 + s4) << constantBits;
  const difference = (s0 - s4) << constantBits;
  const e0 = sum + high;
  const e3 = sum - high;
  const e1 = difference + low;
  const e2 = difference - low;

  const shared = (s7 + s3 + s5 + s1) * f1_175;
  const a = (s7 + s1) * -f0_899;
  const b = (s5 + s3) * -f2_562;
  const c = (s7 + s3) * -f1_961 + shared;
  const d = (s5 + s1) * -f0_390 + shared;
  const o0 = s7 * f0_298 + a + c;
  const o1 = s5 * f2_053 + b + d;
  const o2 = s3 * f3_072 + b + c;
  const o3 = s1 * f1_501 + a + d;

  sums[0] = e0 + o3;
  sums[1] = e1 + o2;
  sums[2] = e2 + o1;
  sums[3] = e3 + o0;
  sums[4] = e3 - o0;
  sums[5] = e2 - o1;
  sums[6] = e1 - o2;
  sums[7] = e0 - o3;
}

/**
 * Turns a block's coefficients into samples.
 *
 * @param coefficients quantised, in natural order, from index `from`
 * @param to where the block's first sample goes in `plane`, whose rows are `stride` bytes apart
 */
export function inverseDct(
  coefficients: Int16Array,
  from: number,
  quant: Uint16Array,
  plane: Uint8ClampedArray,
  { to, stride }: { to: number; stride: number },
): void {
  const columnShift = constantBits - keptBits;
  for (let i = 0, k = from; i < 8; i++, k++) {
    const s0 = coefficients[k] * quant[i];
    const c1 = coefficients[k + 8];
    const c2 = coefficients[k + 16];
    const c3 = coefficients[k + 24];
    const c4 = coefficients[k + 32];
    const c5 = coefficients[k + 40];
    const c6 = coefficients[k + 48];
    const c7 = coefficients[k + 56];
    if ((c1 | c2 | c3 | c4 | c5 | c6 | c7) === 0) {
      // most columns of a photograph; the general path comes to the same
      const flat = s0 << keptBits;
      for (let row = i; row < 64; row += 8) work[row] = flat;
      continue;
    }
    transform(
      s0,
      c1 * quant[i + 8],
      c2 * quant[i + 16],
      c3 * quant[i + 24],
      c4 * quant[i + 32],
      c5 * quant[i + 40],
      c6 * quant[i + 48],
      c7 * quant[i + 56],
    );
    for (let row = 0; row < 8; row++)
      work[8 * row + i] = (sums[row] + (1 << (columnShift - 1))) >> columnShift;
  }

  const rowShift = constantBits + keptBits + 3;
  // half for rounding, and 128 because samples are stored around zero
  const bias = (1 << (rowShift - 1)) + (128 << rowShift);
  for (let row = 0, at = to; row < 64; row += 8, at += stride) {
    const s0 = work[row];
    const s1 = work[row + 1];
    const s2 = work[row + 2];
    const s3 = work[row + 3];
    const s4 = work[row + 4];
    const s5 = work[row + 5];
    const s6 = work[row + 6];
    const s7 = work[row + 7];
    if ((s1 | s2 | s3 | s4 | s5 | s6 | s7) === 0) {
      const flat = ((s0 << constantBits) + bias) >> rowShift;
      for (let i = 0; i < 8; i++) plane[at + i] = flat;
      continue;
    }
    transform(s0, s1, s2, s3, s4, s5, s6, s7);
    for (let i = 0; i < 8; i++) plane[at + i] = (sums[i] + bias) >> rowShift;
  }
}

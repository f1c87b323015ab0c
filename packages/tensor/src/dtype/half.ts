// Exact conversion between float32 and the two 16-bit floats, f16 (IEEE binary16) and bf16; all codes, both ways.

const f32Scratch = new Float32Array(1);
const u32Scratch = new Uint32Array(f32Scratch.buffer);

/** Word of the f32 that has the value of an f16 code; NaN payloads move to the top of the longer mantissa. */
function f16WordToF32Word(code: number): number {
  const sign = (code & 0x8000) << 16;
  const exponent = (code >>> 10) & 0x1f;
  const mantissa = code & 0x3ff;
  if (exponent === 0x1f) return (sign | 0x7f800000 | (mantissa << 13)) >>> 0;
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (mantissa << 13)) >>> 0;
  if (mantissa === 0) return sign >>> 0;
  // Subnormal, mantissa · 2^-24: the leading one becomes the implicit bit.
  const shift = Math.clz32(mantissa) - 21;
  return (sign | ((113 - shift) << 23) | (((mantissa << shift) & 0x3ff) << 13)) >>> 0;
}

/** Nearest f16 code of an f32 word, ties to even; overflow gives infinity; a NaN stays a NaN. */
function f32WordToF16Word(word: number): number {
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) {
    const payload = (magnitude >>> 13) & 0x3ff;
    // A payload only in the lower bits would turn into infinity.
    return sign | 0x7c00 | (payload === 0 ? 0x200 : payload);
  }
  // From 65520 on, half way between the largest f16 (65504) and 65536, everything rounds to infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    // Normal: rebias and add just under half of the last place, more when the last bit is odd. A carry moves the exponent.
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
  // Below half of the smallest subnormal, 2^-25 itself being a tie to zero.
  if (magnitude <= 0x33000000) return sign;
  const shift = 126 - (magnitude >>> 23);
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const floor = mantissa >>> shift;
  const rest = mantissa & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (floor + (rest > half || (rest === half && (floor & 1) === 1) ? 1 : 0));
}

/** Nearest bf16 code of an f32 word, ties to even; a NaN stays a NaN. */
function f32WordToBf16Word(word: number): number {
  if ((word & 0x7fffffff) > 0x7f800000) {
    const high = word >>> 16;
    return (high & 0x7f) === 0 ? high | 0x40 : high;
  }
  return ((word + 0x7fff + ((word >>> 16) & 1)) >>> 16) & 0xffff;
}

/** Code of the f16 nearest to an f32 value (ties to even). The value is rounded to f32 first; NaN gives 0x7e00 or 0xfe00. */
export function f32ToF16Bits(value: number): number {
  f32Scratch[0] = value;
  return f32WordToF16Word(u32Scratch[0]);
}

/** Value of an f16 code. */
export function f16BitsToF32(code: number): number {
  u32Scratch[0] = f16WordToF32Word(code & 0xffff);
  return f32Scratch[0];
}

/** Code of the bf16 nearest to an f32 value (ties to even). The value is rounded to f32 first. */
export function f32ToBf16Bits(value: number): number {
  f32Scratch[0] = value;
  return f32WordToBf16Word(u32Scratch[0]);
}

/** Value of a bf16 code. */
export function bf16BitsToF32(code: number): number {
  u32Scratch[0] = (code << 16) >>> 0;
  return f32Scratch[0];
}

let f16Words: Uint32Array | undefined;

/** f32 words of all f16 codes: 256 KiB, made on first use. */
function f16Table(): Uint32Array {
  if (f16Words === undefined) {
    f16Words = new Uint32Array(0x10000);
    for (let code = 0; code < 0x10000; code++) f16Words[code] = f16WordToF32Word(code);
  }
  return f16Words;
}

// The bulk versions move words, never numbers: reading a NaN as a number may change its payload.

function wordsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

function checkLength(source: ArrayLike<number>, target: ArrayLike<number>): void {
  if (target.length !== source.length) {
    throw new RangeError(
      `half conversion: ${source.length} values do not fill an output of ${target.length}`,
    );
  }
}

/** Values of f16 codes, bit for bit (NaN payloads included). `out`, when given, must have the same length. */
export function f16ToF32Array(
  codes: Uint16Array,
  out = new Float32Array(codes.length),
): Float32Array<ArrayBuffer> {
  checkLength(codes, out);
  const table = f16Table();
  const words = wordsOf(out);
  for (let i = 0; i < codes.length; i++) words[i] = table[codes[i]];
  return out;
}

/** Nearest f16 codes (ties to even); `f32ToF16Array(f16ToF32Array(codes))` is `codes` for all 65,536 codes. */
export function f32ToF16Array(
  values: Float32Array,
  out = new Uint16Array(values.length),
): Uint16Array<ArrayBuffer> {
  checkLength(values, out);
  const words = wordsOf(values);
  for (let i = 0; i < words.length; i++) out[i] = f32WordToF16Word(words[i]);
  return out;
}

/** Values of bf16 codes, bit for bit. `out`, when given, must have the same length. */
export function bf16ToF32Array(
  codes: Uint16Array,
  out = new Float32Array(codes.length),
): Float32Array<ArrayBuffer> {
  checkLength(codes, out);
  const words = wordsOf(out);
  for (let i = 0; i < codes.length; i++) words[i] = codes[i] << 16;
  return out;
}

/** Nearest bf16 codes (ties to even); `f32ToBf16Array(bf16ToF32Array(codes))` is `codes` for all 65,536 codes. */
export function f32ToBf16Array(
  values: Float32Array,
  out = new Uint16Array(values.length),
): Uint16Array<ArrayBuffer> {
  checkLength(values, out);
  const words = wordsOf(values);
  for (let i = 0; i < words.length; i++) out[i] = f32WordToBf16Word(words[i]);
  return out;
}

// rotaryEmbedding: pairs of channels turned by an angle that grows with the position (Su et al. 2021, "RoFormer", §3.2.2).
//
// Sines and cosines of WGSL may be off by 2⁻¹¹, and in f32 a position times a frequency has no digits left for the angle. So
// angles are counted in turns, as whole numbers of 64 bits of which what is beyond one turn drops out, and the last quarter
// turn is a polynomial: right to 2⁻²² at any position.
//
// Legend: T positions, D channels, R of which are turned, in R/2 pairs.
import { assertFloat, assertNumber, assertOptions, assertTensor } from '../../arguments.ts';
import { DTypeError, ShapeError } from '../../core/errors.ts';
import { formatShape, normaliseAxis, sameShape, sizeOf } from '../../core/shape.ts';
import { f32Literal, wgsl } from '../../kernel/wgsl.ts';
import { applyOp, defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

export interface RotaryAttrs {
  base: number;
  /** Channels that are turned, from the first on. */
  dim: number;
  interleaved: boolean;
  /** The axis of positions, counted from the first. */
  axis: number;
  /** Turns back: the gradient. */
  isInverse: boolean;
}

/** Turns per position of pair i, base^(−2i/R)/2π, as a 64-bit fraction of a turn: its upper and its lower half. */
export function turnsPerPosition(
  i: number,
  { base, dim }: Pick<RotaryAttrs, 'base' | 'dim'>,
): [number, number] {
  const turns = (base ** ((-2 * i) / dim) / (2 * Math.PI)) % 1;
  const upper = Math.floor(turns * 2 ** 32);
  return [upper, Math.floor((turns * 2 ** 32 - upper) * 2 ** 32)];
}

const turnWgsl = wgsl`
fn upperHalf(a: u32, b: u32) -> u32 {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let first = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let second = (a & 0xffffu) * (b >> 16u) + (first & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (first >> 16u) + (second >> 16u);
}
// Cosine and sine of a fraction of a turn, counted in 2⁻³² turns.
fn onCircle(turns: u32) -> vec2f {
  let quarter = (turns + 0x20000000u) >> 30u;
  let r = f32(i32(turns - (quarter << 30u))) * ${f32Literal((2 * Math.PI) / 2 ** 32)};
  let s = r * r;
  let sine = r + r * s * (${f32Literal(-1 / 6)} + s * (${f32Literal(1 / 120)} + s * (${f32Literal(-1 / 5040)} + s * ${f32Literal(1 / 362880)})));
  let cosine = 1.0f - s * (0.5f - s * (${f32Literal(1 / 24)} + s * (${f32Literal(-1 / 720)} + s * ${f32Literal(1 / 40320)})));
  var at = select(vec2f(cosine, sine), vec2f(-sine, cosine), (quarter & 1u) == 1u);
  return select(at, -at, (quarter & 2u) == 2u);
}`;

export type RotaryInputs = readonly [Tensor, Tensor | undefined];

const definition: OpDefinition<RotaryAttrs, RotaryInputs> = {
  name: 'rotaryEmbedding',
  inputs: ['x', 'positions'],
  infer([x, positions], { axis, dim }) {
    assertFloat('rotaryEmbedding', 'x', x);
    const D = x.shape.at(-1) ?? 0;
    if (axis >= x.rank - 1)
      throw new ShapeError(
        `rotaryEmbedding: x ${formatShape(x.shape)} needs an axis of positions before its channels, not axis ${axis}`,
      );
    if (dim % 2 !== 0 || dim > D)
      throw new ShapeError(
        `rotaryEmbedding: dim is ${dim}, but an even number of at most the ${D} channels of x ${formatShape(x.shape)} is wanted`,
      );
    if (positions) {
      if (positions.dtype !== 'u32')
        throw new DTypeError(`rotaryEmbedding: positions are ${positions.dtype}, but u32 is wanted`);
      const T = x.shape[axis];
      if (![[T], [x.shape[0], T]].some((shape) => sameShape(shape, positions.shape)))
        throw new ShapeError(
          `rotaryEmbedding: positions ${formatShape(positions.shape)} are neither [${T}] nor [${x.shape[0]}, ${T}], ` +
            `which x ${formatShape(x.shape)} with positions along axis ${axis} needs`,
        );
    }
    return [{ shape: x.shape, dtype: x.dtype }];
  },
  launch({ run }, [x, positions], [out], attrs) {
    const { dim, interleaved, axis, isInverse } = attrs;
    if (dim === 0 || out.size === 0) {
      run({ read: { x }, write: { out }, threads: out.size, code: 'fn thread(i: u32) { out[i] = x[i]; }' });
      return;
    }
    const D = x.shape.at(-1)!;
    const T = x.shape[axis];
    const rows = `(i / ${sizeOf(x.shape.slice(axis + 1))}u)`;
    const perItem = positions?.rank === 2 ? sizeOf(x.shape.slice(1)) : 0;
    const position = !positions
      ? `${rows} % ${T}u`
      : `positions[${perItem ? `i / ${perItem}u * ${T}u + ` : ''}${rows} % ${T}u]`;
    const half = dim / 2;
    const frequencies = Array.from({ length: half }, (_, i) =>
      turnsPerPosition(i, attrs)
        .map((n) => `${n}u`)
        .join(', '),
    );
    run({
      read: { x, positions },
      write: { out },
      threads: out.size,
      flops: 30 * out.size,
      code: wgsl`
const FREQUENCIES = array<vec2u, ${half}>(${frequencies.map((pair) => `vec2u(${pair})`).join(', ')});
${turnWgsl}
fn thread(i: u32) {
  let d = i % ${D}u;
  if (d >= ${dim}u) { out[i] = x[i]; return; }
  let pair = ${interleaved ? 'd / 2u' : `d % ${half}u`};
  let isSecond = ${interleaved ? 'd % 2u == 1u' : `d >= ${half}u`};
  let other = select(i + ${interleaved ? 1 : half}u, i - ${interleaved ? 1 : half}u, isSecond);
  let frequency = FREQUENCIES[pair];
  let position = ${position};
  let at = onCircle(position * frequency.x + upperHalf(position, frequency.y));
  let sine = select(-at.y, at.y, isSecond${isInverse ? ' == false' : ''});
  out[i] = out_t(f32(x[i]) * at.x + f32(x[other]) * sine);
}`,
    });
  },
  vjp: ({ inputs: [, positions], attrs, grad }) => [
    applyOp(definition, [grad, positions], { ...attrs, isInverse: !attrs.isInverse })[0],
    undefined,
  ],
};

export interface RotaryOptions {
  /** u32 [T], or [B, T] for x [B, …]; default 0, 1, 2, … */
  positions?: Tensor;
  /** Pair i turns by base^(−2i/dim) per position; default 10000. */
  base?: number;
  /** How many channels are turned, the others stay (GPT-NeoX's `rotary_pct`); even, default all. */
  dim?: number;
  /** A pair is channels 2i and 2i + 1 (RoFormer, GPT-J), rather than i and i + dim/2 (GPT-NeoX, LLaMA). */
  interleaved?: boolean;
  /** The axis of positions; default −2, as of [B, H, T, D]; 1 for [B, T, H, D]. */
  axis?: number;
}

/**
 * Rotary position embedding: of x [..., T, D] each pair (u, v) of channels becomes (u·cos φ − v·sin φ, v·cos φ + u·sin φ), where
 * φ = position · base^(−2i/dim) for pair i. f32 and f16. Angles are exact at any position: other libraries round them to f32,
 * which at position 10⁵ is off by up to 0.004.
 * @throws ShapeError for positions that do not fit x, or a dim that is odd or more than x has channels.
 * @example
 * rotaryEmbedding(q, { base: 500000 }); // q [B, H, T, D]
 */
export const rotaryEmbedding = defineOp(
  definition,
  (apply) =>
    (x: Tensor, options: RotaryOptions = {}): Tensor => {
      assertTensor('rotaryEmbedding', 'x', x);
      assertOptions('rotaryEmbedding', options, ['positions', 'base', 'dim', 'interleaved', 'axis']);
      const { positions, base = 10000, interleaved = false, axis = -2 } = options;
      const { dim = x.shape.at(-1) ?? 0 } = options;
      assertNumber('rotaryEmbedding', 'base', base, { min: Number.MIN_VALUE, max: Number.MAX_VALUE });
      assertNumber('rotaryEmbedding', 'dim', dim, { integer: true, min: 0 });
      const attrs = { base, dim, interleaved, axis: normaliseAxis('rotaryEmbedding', axis, x.rank) };
      return apply([x, positions], { ...attrs, isInverse: false })[0];
    },
);

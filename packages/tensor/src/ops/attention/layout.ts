// Where queries, keys and values lie: three tensors [B, T, C] or [B, H, T, D], one packed [B, T, C of all three], or
// queries apart from [B, T, C of keys and values]. And the sizes that follow, for every attention kernel.
//
// Legend: B batch, T time (Tq queries, Tk keys), H heads of the queries, G of which share a head of keys and values, D
// channels of a query's and a key's head, Dv of a value's.
import { assertNumber } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { formatShape, stridesOf, type Shape } from '../../core/shape.ts';
import { isFloat, type DType } from '../../dtype/dtype.ts';
import { wgsl } from '../../kernel/wgsl.ts';

/** `none`: q, k, v [B, T, C]; `heads`: q, k, v [B, H, T, D]; `qkv` and `kv`: side by side in the last axis. */
export type Packing = 'none' | 'heads' | 'qkv' | 'kv';

export interface AttentionAttrs {
  /** Heads of the queries. */
  heads: number;
  /** Heads of keys and values, a divisor of `heads`; default `heads`. */
  keyValueHeads?: number;
  causal: boolean;
  /** With `causal`, query i sees keys 0 … i; without it the last query sees the last key. */
  isTopLeft?: boolean;
  /** Default 1/√D. */
  scale?: number;
  softcap?: number;
  packing: Packing;
}

/** One of q, k, v or the result: in which input, and its elements from one batch item, row and head to the next. */
export interface Part {
  input: number;
  batch: number;
  row: number;
  head: number;
  /** First element of the first row. */
  column: number;
}

/** A mask that broadcasts to [B, H, Tq, Tk]. */
export interface MaskPlace {
  /** Its four sizes and, per axis, the elements to the next place: 0 where it is broadcast. */
  shape: Shape;
  strides: Shape;
  isAdded: boolean;
}

export interface AttentionSizes {
  B: number;
  Tq: number;
  Tk: number;
  H: number;
  G: number;
  D: number;
  Dv: number;
  scale: number;
  causal: boolean;
  /** With `causal`, query i sees keys 0 … i + shift. */
  shift: number;
  isTopLeft: boolean;
  softcap: number | undefined;
  mask: MaskPlace | undefined;
  /** Scores are more than products, or there are none: rows may see no key at all. */
  isRuled: boolean;
  q: Part;
  k: Part;
  v: Part;
  out: Part;
  outShape: Shape;
}

interface Shaped {
  shape: Shape;
}
type Masked = Shaped & { dtype?: DType };

/** How many tensors hold queries, keys and values. */
export const partCount: Record<Packing, number> = { qkv: 1, kv: 2, none: 3, heads: 3 };

/** Separates queries, keys and values from the optional key count and mask behind them. */
export function divide<T>(
  tensors: readonly (T | undefined)[],
  { packing }: AttentionAttrs,
): { inputs: T[]; keyCount: T | undefined; mask: T | undefined } {
  const count = partCount[packing];
  return { inputs: tensors.slice(0, count) as T[], keyCount: tensors[count], mask: tensors[count + 1] };
}

const assertHeads = ({ heads, keyValueHeads = heads }: AttentionAttrs): void => {
  assertNumber('attention', 'heads', heads, { integer: true, min: 1 });
  assertNumber('attention', 'keyValueHeads', keyValueHeads, { integer: true, min: 1 });
  if (heads % keyValueHeads !== 0)
    throw new ShapeError(
      `attention: ${heads} heads cannot share ${keyValueHeads} heads of keys and values evenly`,
    );
};

/** Rows of C channels that begin at `column` of rows of `row` channels. */
const inRows = (input: number, T: number, row: number, D: number, column = 0): Part => ({
  input,
  batch: T * row,
  row,
  head: D,
  column,
});

const inHeads = (input: number, H: number, T: number, D: number): Part => ({
  input,
  batch: H * T * D,
  row: D,
  head: T * D,
  column: 0,
});

type Placed = Pick<
  AttentionSizes,
  'B' | 'Tq' | 'Tk' | 'H' | 'D' | 'Dv' | 'q' | 'k' | 'v' | 'out' | 'outShape'
>;

function placeHeads(inputs: readonly Shaped[], { heads: H, keyValueHeads: Hk = H }: AttentionAttrs): Placed {
  const [q, k, v] = inputs.map((t) => t.shape);
  const [B, , Tq, D] = q;
  const [, , Tk, Dv] = v;
  const fits = (shape: Shape, ...wanted: number[]): boolean =>
    shape.length === 4 && shape.every((n, axis) => n === wanted[axis]);
  if (!fits(q, B, H, Tq, D) || !fits(k, B, Hk, Tk, D) || !fits(v, B, Hk, Tk, Dv))
    throw new ShapeError(
      `attention: q ${formatShape(q)} · k ${formatShape(k)} · v ${formatShape(v)} are no [B, H, Tq, D] · [B, Hk, Tk, D] · [B, Hk, Tk, Dv]`,
    );
  const outShape = [B, H, Tq, Dv];
  const out = inHeads(-1, H, Tq, Dv);
  const parts = { q: inHeads(0, H, Tq, D), k: inHeads(1, Hk, Tk, D), v: inHeads(2, Hk, Tk, Dv), out };
  return { B, Tq, Tk, H, D, Dv, outShape, ...parts };
}

function placeRows(inputs: readonly Shaped[], attrs: AttentionAttrs): Placed {
  const { heads: H, keyValueHeads: Hk = H, packing } = attrs;
  const show = inputs.map((t) => formatShape(t.shape)).join(' · ');
  const [{ shape: first }, { shape: second } = inputs[0], { shape: third } = inputs[0]] = inputs;
  if (inputs.some((t) => t.shape.length !== 3))
    throw new ShapeError(`attention: [B, T, C] tensors are needed: ${show}`);
  const [B, Tq, width] = first;
  const Tk = second[1];
  const D = packing === 'qkv' ? width / (H + 2 * Hk) : width / H;
  const Dv = packing === 'none' ? third[2] / Hk : D;
  const fits =
    second[0] === B &&
    (packing !== 'kv' || second[2] === 2 * Hk * D) &&
    (packing !== 'none' || (second[2] === Hk * D && third[0] === B && third[1] === Tk));
  if (!fits || !Number.isInteger(D) || !Number.isInteger(Dv)) {
    const shared = Hk === H ? '' : ` and ${Hk} of keys and values`;
    throw new ShapeError(
      `attention: inputs ${show} do not fit ${H} heads${shared} with packing '${packing}'`,
    );
  }
  const parts = {
    qkv: {
      q: inRows(0, Tq, width, D),
      k: inRows(0, Tq, width, D, H * D),
      v: inRows(0, Tq, width, D, (H + Hk) * D),
    },
    kv: {
      q: inRows(0, Tq, H * D, D),
      k: inRows(1, Tk, 2 * Hk * D, D),
      v: inRows(1, Tk, 2 * Hk * D, D, Hk * D),
    },
    none: { q: inRows(0, Tq, H * D, D), k: inRows(1, Tk, Hk * D, D), v: inRows(2, Tk, Hk * Dv, Dv) },
  }[packing as 'qkv' | 'kv' | 'none'];
  return {
    B,
    Tq,
    Tk,
    H,
    D,
    Dv,
    ...parts,
    out: inRows(-1, Tq, H * Dv, Dv),
    outShape: [B, Tq, H * Dv],
  };
}

function placeMask({ shape, dtype = 'f32' }: Masked, { B, H, Tq, Tk }: Placed): MaskPlace {
  const full = [B, H, Tq, Tk];
  const padded = [...new Array<number>(Math.max(0, 4 - shape.length)).fill(1), ...shape];
  if (shape.length > 4 || padded.some((n, axis) => n !== 1 && n !== full[axis]))
    throw new ShapeError(
      `attention: the mask ${formatShape(shape)} does not broadcast to [B, H, Tq, Tk] = ${formatShape(full)}`,
    );
  const strides = stridesOf(padded).map((step, axis) => (padded[axis] === 1 ? 0 : step));
  return { shape: padded, strides, isAdded: isFloat(dtype) };
}

/**
 * Sizes and places of an attention.
 * @throws ShapeError where the tensors do not fit each other or the heads.
 */
export function attentionSizes(
  inputs: readonly Shaped[],
  attrs: AttentionAttrs,
  mask?: Masked,
): AttentionSizes {
  const { heads, keyValueHeads = heads, causal, isTopLeft = false, softcap, packing } = attrs;
  assertHeads(attrs);
  const placed = packing === 'heads' ? placeHeads(inputs, attrs) : placeRows(inputs, attrs);
  const { Tq, Tk, D } = placed;
  if (causal && !isTopLeft && Tk < Tq)
    throw new ShapeError(`attention: ${Tq} causal queries need at least as many keys, not ${Tk}`);
  return {
    ...placed,
    G: heads / keyValueHeads,
    scale: attrs.scale ?? 1 / Math.sqrt(Math.max(1, D)),
    causal,
    shift: isTopLeft ? 0 : Tk - Tq,
    isTopLeft,
    softcap,
    mask: mask && placeMask(mask, placed),
    isRuled: mask !== undefined || softcap !== undefined || Tk === 0,
  };
}

/** Keys and values have a head for several of the queries'. */
export const keyHead = ({ G }: AttentionSizes): string => (G === 1 ? 'h' : `h / ${G}u`);

/** Index of the first element of (batch item `b`, row t, head h) in a part. */
export const headAt = ({ batch, row, head, column }: Part, t: string, h = 'h'): string =>
  `b * ${batch}u + ${t} * ${row}u + (${h}) * ${head}u + ${column}u`;

/** Index of (`b`, `h`, query i) among [B, H, Tq]. */
export const statAt = ({ H, Tq }: AttentionSizes, i: string): string => `(b * ${H}u + h) * ${Tq}u + ${i}`;

/** Whether every row and head starts at a multiple of n elements, and so do the channels end. */
export const alignedTo = (n: number, { D, Dv, q, k, v, out }: AttentionSizes): boolean =>
  [D, Dv, ...[q, k, v, out].flatMap(({ row, head, batch, column }) => [row, head, batch, column])].every(
    (at) => at % n === 0,
  );

/** Vectors of 4 can be loaded when every row and head starts at a multiple of 4. */
export const isVectored = (s: AttentionSizes): boolean => alignedTo(4, s);

/** Floating-point operations of `products` products over all pairs of query and key. */
export const flopsOf = ({ B, H, Tq, Tk, D, causal }: AttentionSizes, products: number): number =>
  (2 * products * B * H * Tq * Tk * D) / (causal ? 2 : 1);

/** WGSL that loads (stores) 4 channels from channel 4·d of a head whose first element is `at`. */
export function accessors(array: string, D: number, vectored: boolean, writable = false): string {
  const load = vectored
    ? `return vec4f(${array}[at / 4u + d]);`
    : wgsl`var v = vec4f();
      for (var c = 0u; c < 4u; c++) { if (4u * d + c < ${D}u) { v[c] = f32(${array}[at + 4u * d + c]); } }
      return v;`;
  const store = vectored
    ? `${array}[at / 4u + d] = ${array}_t(v);`
    : `for (var c = 0u; c < 4u; c++) { if (4u * d + c < ${D}u) { ${array}[at + 4u * d + c] = ${array}_t(v[c]); } }`;
  return writable
    ? `fn store_${array}(at: u32, d: u32, v: vec4f) { ${store} }`
    : `fn load_${array}(at: u32, d: u32) -> vec4f { ${load} }`;
}

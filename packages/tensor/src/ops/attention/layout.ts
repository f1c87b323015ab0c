// Where queries, keys and values lie: three tensors, one packed [B, T, 3C], or queries apart from [B, T, 2C].
import { ShapeError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import { wgsl } from '../../kernel/wgsl.ts';

export type Packing = 'none' | 'qkv' | 'kv';

export interface AttentionAttrs {
  heads: number;
  causal: boolean;
  packing: Packing;
}

/** One of q, k, v inside an input: which input, row length and first column in elements. */
export interface Part {
  input: number;
  stride: number;
  column: number;
}

export interface AttentionSizes {
  B: number;
  Tq: number;
  Tk: number;
  C: number;
  H: number;
  D: number;
  q: Part;
  k: Part;
  v: Part;
}

type Shaped = { shape: readonly number[] };

/** How many tensors hold queries, keys and values. */
export const partCount: Record<Packing, number> = { qkv: 1, kv: 2, none: 3 };

export function attentionSizes(
  inputs: readonly Shaped[],
  { heads, packing }: AttentionAttrs,
): AttentionSizes {
  const show = inputs.map((t) => formatShape(t.shape)).join(' · ');
  const [first, second = first, third = second] = inputs;
  if (inputs.some((t) => t.shape.length !== 3))
    throw new ShapeError(`attention: [B, T, C] tensors are needed: ${show}`);
  const C = packing === 'qkv' ? first.shape[2] / 3 : first.shape[2];
  const fits =
    packing === 'qkv' ||
    (second.shape[0] === first.shape[0] &&
      second.shape[2] === (packing === 'kv' ? 2 * C : C) &&
      (packing === 'kv' || (third.shape[1] === second.shape[1] && third.shape[2] === C)));
  if (!fits || !Number.isInteger(C) || C % heads !== 0) {
    throw new ShapeError(`attention: inputs ${show} do not fit ${heads} heads with packing '${packing}'`);
  }
  const part = (input: number, stride: number, column: number): Part => ({ input, stride, column });
  const parts =
    packing === 'qkv'
      ? [part(0, 3 * C, 0), part(0, 3 * C, C), part(0, 3 * C, 2 * C)]
      : packing === 'kv'
        ? [part(0, C, 0), part(1, 2 * C, 0), part(1, 2 * C, C)]
        : [part(0, C, 0), part(1, C, 0), part(2, C, 0)];
  const [B, Tq] = first.shape;
  return { B, Tq, Tk: second.shape[1], C, H: heads, D: C / heads, q: parts[0], k: parts[1], v: parts[2] };
}

/** Vectors of 4 can be loaded when every row and head starts at a multiple of 4. */
export const isVectored = ({ D, q, k, v }: AttentionSizes): boolean =>
  [D, q.stride, q.column, k.stride, k.column, v.stride, v.column].every((n) => n % 4 === 0);

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

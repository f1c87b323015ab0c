// add, sub, mul, div with broadcasting; the second operand may be a number.
import { broadcastShapes, sameShape, sizeOf, stridesOf, type Shape } from '../../core/shape.ts';
import { bytesPerElement } from '../../dtype/dtype.ts';
import { runFlat } from '../../kernel/flat.ts';
import { window, type OperandLike } from '../../kernel/kernel.ts';
import { f32Literal, wgsl } from '../../kernel/wgsl.ts';
import { rowWindows } from '../../kernel/windows.ts';
import {
  assertFloat,
  defineOp,
  type LaunchContext,
  type Op,
  type OpDefinition,
  type RefArray,
  type Sample,
} from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { sum } from '../reduce/reduce.ts';
import { reshape } from '../move/reshape.ts';

interface Rule {
  name: string;
  /** WGSL and JavaScript of the operation on a and b. */
  wgsl: string;
  js(a: number, b: number): number;
  gradA(g: Tensor, a: Tensor, b: Tensor): Tensor;
  gradB(g: Tensor, a: Tensor, b: Tensor): Tensor;
  /** Range of the second operand in samples (div stays away from 0). */
  rangeB?: readonly [number, number];
}

/** Sums a gradient over the axes along which its operand was broadcast. */
export function sumTo(g: Tensor, shape: Shape): Tensor {
  if (sameShape(g.shape, shape)) return g;
  let out = g;
  const lead = g.rank - shape.length;
  for (let axis = 0; axis < g.rank; axis++) {
    const size = axis < lead ? 1 : shape[axis - lead];
    if (out.shape[axis] !== size) out = sum(out, { axis, keepDim: true });
  }
  return reshape(out, shape);
}

/** WGSL for the flat index of an operand of `shape` inside the broadcast result `out` at flat index i. */
function broadcastIndex(shape: Shape, out: Shape): string {
  if (sizeOf(shape) === 1) return '0u';
  const strides = stridesOf(shape);
  const outStrides = stridesOf(out);
  const lead = out.length - shape.length;
  const suffix = shape.every((n, i) => n === out[lead + i]);
  if (suffix) return `(i % ${sizeOf(shape)}u)`;
  const terms = shape.map((n, i) =>
    n === 1 ? '' : `((i / ${outStrides[lead + i]}u) % ${n}u) * ${strides[i]}u`,
  );
  return terms.filter(Boolean).join(' + ') || '0u';
}

function referenceIndex(shape: Shape, out: Shape, i: number): number {
  const strides = stridesOf(shape);
  const outStrides = stridesOf(out);
  const lead = out.length - shape.length;
  return shape.reduce(
    (at, n, k) => at + (n === 1 ? 0 : (Math.floor(i / outStrides[lead + k]) % n) * strides[k]),
    0,
  );
}

function reference(rule: Rule, a: RefArray, b: RefArray): RefArray[] {
  const shape = broadcastShapes(rule.name, a.shape, b.shape);
  const data = new Float64Array(sizeOf(shape));
  for (let i = 0; i < data.length; i++) {
    data[i] = rule.js(a.data[referenceIndex(a.shape, shape, i)], b.data[referenceIndex(b.shape, shape, i)]);
  }
  return [{ shape, data }];
}

const samplesOf = (rangeB: readonly [number, number] | undefined): Sample<object>[] =>
  (
    [
      [
        [4, 6],
        [4, 6],
      ],
      [[3, 5], [5]],
      [
        [2, 3, 4],
        [3, 1],
      ],
      [[5], [2, 5]],
      [[1], [7]],
      [
        [3, 1],
        [1, 4],
      ],
      [[0, 3], [3]],
      [[2, 4], []],
      [[3, 67], [67]],
    ] as const
  ).map(([a, b]) => ({ inputs: [{ shape: a }, { shape: b, range: rangeB }], attrs: {} }));

/** Operands as large as the result are walked in its windows, the others are bound whole. */
function launchBroadcast(
  { device, run }: LaunchContext,
  rule: Rule,
  [a, b, out]: readonly [Tensor, Tensor, Tensor],
): void {
  const widest = Math.max(...[a, b, out].map((t) => bytesPerElement[t.dtype]));
  for (const [first, count] of rowWindows(device.bindingLimit, out.size, [widest])) {
    const follows = (t: Tensor): boolean => sameShape(t.shape, out.shape);
    const view = (t: Tensor): OperandLike => (follows(t) ? window(t, first, count) : t);
    const at = (t: Tensor): string => (follows(t) ? 'at' : broadcastIndex(t.shape, out.shape));
    run({
      read: { a: view(a), b: view(b) },
      write: { out: window(out, first, count) },
      consts: { FIRST: first },
      threads: count,
      code: wgsl`fn thread(at: u32) {
        let i = FIRST + at;
        let x = f32(a[${at(a)}]);
        let y = f32(b[${at(b)}]);
        out[at] = out_t(${rule.wgsl});
      }`,
    });
  }
}

type BinarySignature = (a: Tensor, b: Tensor | number) => Tensor;

function defineBinary(rule: Rule): Op<BinarySignature> {
  const definition: OpDefinition<object, readonly [Tensor, Tensor]> = {
    name: rule.name,
    infer([a, b]) {
      assertFloat(rule.name, 'a', a);
      assertFloat(rule.name, 'b', b);
      return [
        {
          shape: broadcastShapes(rule.name, a.shape, b.shape),
          dtype: a.dtype === 'f16' && b.dtype === 'f16' ? 'f16' : 'f32',
        },
      ];
    },
    launch(context, [a, b], [out]) {
      if (sameShape(a.shape, b.shape)) {
        const code = wgsl`fn thread(i: u32) { let x = V(a[i]); let y = V(b[i]); out[i] = out_t(${rule.wgsl}); }`;
        // One tensor on both sides is bound once: x∘x.
        if (a.storage === b.storage && a.byteOffset === b.byteOffset) {
          runFlat(context, out.size, { read: { a }, write: { out }, code: code.replace('b[i]', 'a[i]') });
        } else runFlat(context, out.size, { read: { a, b }, write: { out }, code });
        return;
      }
      launchBroadcast(context, rule, [a, b, out]);
    },
    vjp: ({ inputs: [a, b], grad, needs }) => [
      needs[0] ? sumTo(rule.gradA(grad, a, b), a.shape) : undefined,
      needs[1] ? sumTo(rule.gradB(grad, a, b), b.shape) : undefined,
    ],
    reference: ([a, b]) => reference(rule, a, b),
    samples: samplesOf(rule.rangeB),
  };
  return defineOp(
    definition,
    (apply) =>
      (a: Tensor, b: Tensor | number): Tensor =>
        typeof b === 'number' ? affine(a, ...affineOf(rule.name, b)) : apply([a, b], {})[0],
  );
}

function affineOf(name: string, b: number): [scale: number, shift: number] {
  if (name === 'add') return [1, b];
  if (name === 'sub') return [1, -b];
  return name === 'mul' ? [b, 0] : [1 / b, 0];
}

const affineDefinition: OpDefinition<{ scale: number; shift: number }, readonly [Tensor]> = {
  name: 'affine',
  infer([x]) {
    assertFloat('affine', 'x', x);
    return [{ shape: x.shape, dtype: x.dtype }];
  },
  launch(context, [x], [out], { scale, shift }) {
    runFlat(context, out.size, {
      read: { x },
      write: { out },
      code: wgsl`fn thread(i: u32) { out[i] = out_t(V(x[i]) * V(${f32Literal(scale)}) + V(${f32Literal(shift)})); }`,
    });
  },
  vjp: ({ grad, attrs: { scale } }) => [scale === 1 ? grad : affine(grad, scale, 0)],
  reference: ([x], { scale, shift }) => [{ shape: x.shape, data: x.data.map((v) => v * scale + shift) }],
  samples: [
    { inputs: [{ shape: [3, 4] }], attrs: { scale: 2.5, shift: -1 } },
    { inputs: [{ shape: [5] }], attrs: { scale: 1, shift: 3 } },
    { inputs: [{ shape: [0, 2] }], attrs: { scale: 2, shift: 3 } },
    { inputs: [{ shape: [1] }], attrs: { scale: -2, shift: 0 } },
    { inputs: [{ shape: [3, 67] }], attrs: { scale: 0.5, shift: 1 } },
  ],
};

/** `x · scale + shift` with two numbers. */
export const affine = defineOp(
  affineDefinition,
  (apply) =>
    (x: Tensor, scale: number, shift = 0): Tensor =>
      apply([x], { scale, shift })[0],
);

/** a + b, broadcast by NumPy's rule. */
export const add = defineBinary({
  name: 'add',
  wgsl: 'x + y',
  js: (a, b) => a + b,
  gradA: (g) => g,
  gradB: (g) => g,
});

/** a − b, broadcast. */
export const sub = defineBinary({
  name: 'sub',
  wgsl: 'x - y',
  js: (a, b) => a - b,
  gradA: (g) => g,
  gradB: (g) => affine(g, -1),
});

/** a · b element by element, broadcast. */
export const mul = defineBinary({
  name: 'mul',
  wgsl: 'x * y',
  js: (a, b) => a * b,
  gradA: (g, _, b) => mul(g, b),
  gradB: (g, a) => mul(g, a),
});

/** a / b, broadcast. */
export const div = defineBinary({
  name: 'div',
  wgsl: 'x / y',
  js: (a, b) => a / b,
  gradA: (g, _, b) => div(g, b),
  gradB: (g, a, b) => affine(div(mul(g, a), mul(b, b)), -1),
  rangeB: [0.5, 2],
});

// arange, linspace, eye: tensors whose elements follow from their places.
import { assertNumber } from '../../arguments.ts';
import { TensorError } from '../../core/errors.ts';
import type { Device } from '../../core/device.ts';
import type { Shape } from '../../core/shape.ts';
import { isElement, isFloat, type DType } from '../../dtype/dtype.ts';
import { runFlat } from '../../kernel/flat.ts';
import { f32Literal, wgsl } from '../../kernel/wgsl.ts';
import { applyOp, defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

export interface SequenceAttrs {
  shape: Shape;
  dtype: DType;
  /** First element, and what each next one has more. */
  start: number;
  step: number;
  /** Last element: of floats, the second half is counted back from it, so that both ends are exact. */
  end?: number;
}

const arangeDefinition: OpDefinition<SequenceAttrs, readonly []> = {
  name: 'arange',
  infer: (_, { shape, dtype }) => [{ shape, dtype }],
  launch(context, _, [out], { start, step, end }) {
    const count = out.size;
    const type = isFloat(out.dtype) ? 'f32' : out.dtype;
    const literal = (n: number): string => (type === 'f32' ? f32Literal(n) : `${type}(${n})`);
    // Both modulo 2³²: negative steps of u32 come out right too.
    const forth =
      type === 'f32'
        ? `${literal(start)} + f32(at) * ${literal(step)}`
        : `${type}(bitcast<u32>(i32(${start | 0})) + at * bitcast<u32>(i32(${step | 0})))`;
    const back = end === undefined ? '' : `${literal(end)} - f32(${count - 1}u - at) * ${literal(step)}`;
    const item = (k: number, width: number): string =>
      width === 1 ? 'element(FIRST + i)' : `element((FIRST + i) * 4u + ${k}u)`;
    runFlat(context, count, {
      read: {},
      write: { out },
      code: (width) => wgsl`fn element(at: u32) -> ${type} {
        ${back && `if (at >= ${Math.ceil(count / 2)}u) { return ${back}; }`}
        return ${forth};
      }
      fn thread(i: u32) {
        out[i] = out_t(${width === 1 ? type : `vec4<${type}>`}(${Array.from({ length: width }, (_, k) => item(k, width)).join(', ')}));
      }`,
    });
  },
};

interface SequenceOptions {
  dtype?: DType;
}

/**
 * Numbers from `start` (default 0) up to and without `end`, in steps of `step` (default 1). f32 unless `dtype` says otherwise:
 * ask for 'i32' or 'u32' where they are to be indices.
 * @throws TensorError for a step that leads nowhere, or one that is not whole for integers.
 * @example
 * arange(device, 5); // [0, 1, 2, 3, 4]
 * arange(device, 2, 8, 2, { dtype: 'i32' }); // [2, 4, 6]
 */
export const arange = defineOp(
  arangeDefinition,
  (apply) =>
    (device: Device, ...given: [...numbers: number[], options: SequenceOptions] | number[]): Tensor => {
      const last = given.at(-1);
      const { dtype = 'f32' } = typeof last === 'object' ? last : {};
      const numbers = (given as unknown[]).filter((n): n is number => typeof n === 'number');
      if (numbers.length < 1 || numbers.length > 3 || given.length - numbers.length > 1)
        throw new TensorError(
          'arange: (device, end), (device, start, end) or (device, start, end, step) is wanted',
        );
      const [start, end, step] = numbers.length === 1 ? [0, numbers[0], 1] : [...numbers, 1];
      for (const [name, value] of Object.entries({ start, end, step }))
        assertNumber('arange', name, value, {
          integer: !isFloat(dtype),
          min: -Number.MAX_VALUE,
          max: Number.MAX_VALUE,
        });
      const count = Math.ceil((end - start) / step);
      if (!Number.isFinite(count) || count < 0)
        throw new TensorError(`arange: steps of ${step} do not lead from ${start} to ${end}`);
      for (const edge of count > 0 ? [start, start + (count - 1) * step] : [])
        if (!isElement(edge, dtype)) throw new TensorError(`arange: ${edge} is no ${dtype}`);
      return apply([], { shape: [count], dtype, start, step }, device)[0];
    },
);

/**
 * `steps` numbers at equal distances from `start` to `end`, both included.
 * @example
 * linspace(device, 0, 1, 5); // [0, 0.25, 0.5, 0.75, 1]
 */
export function linspace(
  device: Device,
  start: number,
  end: number,
  steps: number,
  { dtype = 'f32' }: SequenceOptions = {},
): Tensor {
  assertNumber('linspace', 'start', start);
  assertNumber('linspace', 'end', end);
  assertNumber('linspace', 'steps', steps, { integer: true, min: 0 });
  if (!isFloat(dtype))
    throw new TensorError(`linspace: dtype ${dtype} is asked for, but f32 or f16 is wanted`);
  const step = steps > 1 ? (end - start) / (steps - 1) : 0;
  const attrs = { shape: [steps], dtype, start, step, end: steps > 1 ? end : undefined };
  return applyOp(arangeDefinition, [], attrs, device)[0];
}

const eyeDefinition: OpDefinition<{ shape: Shape; dtype: DType }, readonly []> = {
  name: 'eye',
  infer: (_, { shape, dtype }) => [{ shape, dtype }],
  launch({ run }, _, [out]) {
    const [, columns] = out.shape;
    run({
      write: { out },
      threads: out.size,
      code: `fn thread(i: u32) { out[i] = out_t(i / ${columns}u == i % ${columns}u); }`,
    });
  },
};

/**
 * Ones on the diagonal of zeros, [n, columns]; `columns` is n by default.
 * @example
 * eye(device, 3); // the unit matrix [3, 3]
 */
export const eye = defineOp(
  eyeDefinition,
  (apply) =>
    (
      device: Device,
      n: number,
      { columns = n, dtype = 'f32' }: SequenceOptions & { columns?: number } = {},
    ): Tensor => {
      assertNumber('eye', 'n', n, { integer: true, min: 0 });
      assertNumber('eye', 'columns', columns, { integer: true, min: 0 });
      return apply([], { shape: [n, columns], dtype }, device)[0];
    },
);

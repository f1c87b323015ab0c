// The kernel of scatters: elements put to, or combined at, the places an index names. No atomics: each element of the result
// looks for what comes to it, or, in large results, each line along the axis is walked by one invocation.
import { stridesOf, type Shape } from '../../core/shape.ts';
import { isFloat } from '../../dtype/dtype.ts';
import { f32Literal, wgsl } from '../../kernel/wgsl.ts';
import { kernelOp, type LaunchContext } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { offsetOf, placeOf } from './place.ts';
import { startFrom } from './start-from.ts';

export const reductions = ['sum', 'prod', 'amax', 'amin'] as const;
export type ScatterReduction = (typeof reductions)[number];

export interface ScatterAttrs {
  axis: number;
  reduce: ScatterReduction | 'last';
  /** Put instead of a source's elements. */
  value?: number;
}

/** From here on lines are walked: the search would be work of size × indices of a line. */
const largeResult = 2 ** 19;

/** WGSL of what `acc` becomes when `v` comes to it. */
function combine(reduce: ScatterAttrs['reduce'], float: boolean): string {
  if (reduce === 'amax' || reduce === 'amin') {
    const plain = `${reduce.slice(1)}(acc, v)`;
    return float ? `select(${plain}, notANumber(), isNan(acc) || isNan(v))` : plain;
  }
  return { last: 'v', sum: 'acc + v', prod: 'acc * v' }[reduce];
}

type Inputs = readonly [x: Tensor | undefined, index: Tensor, source: Tensor | undefined];

export function launchScatter(
  context: LaunchContext,
  [x, index, source]: Inputs,
  [out]: readonly Tensor[],
  { axis, reduce, value = 0 }: ScatterAttrs,
): void {
  const type = isFloat(out.dtype) ? 'f32' : out.dtype;
  const [indexStrides, outStrides] = [index, out].map(({ shape }) => stridesOf(shape));
  const sourceStrides = source && stridesOf(source.shape);
  const element = (base: string): string =>
    sourceStrides
      ? `${type}(source[${base} + j * ${sourceStrides[axis]}u])`
      : `${type}(${type === 'f32' ? f32Literal(value) : Math.trunc(value)})`;
  const consts = { N: out.shape[axis], J: index.shape[axis] };
  const entry = `placeOf(index[first + j * ${indexStrides[axis]}u], N)`;
  // Not f16: each addition would round.
  if (out.size > largeResult && out.dtype !== 'f16') {
    startFrom(context, x, out);
    // The axes of the index without `axis`: element i of them is a line.
    const lines = index.shape.map((n, k) => (k === axis ? 1 : n));
    const at = (strides: readonly number[]): string => offsetOf('i', lines, strides, axis);
    context.run({
      read: { index, source },
      write: { out },
      consts,
      threads: index.size / Math.max(1, index.shape[axis]),
      code: wgsl`${placeOf(index)}
      fn thread(i: u32) {
        let first = ${at(indexStrides)};
        ${sourceStrides && `let source0 = ${at(sourceStrides)};`}
        for (var j = 0u; j < J; j++) {
          let place = ${entry};
          if (place < N) {
            let to = ${at(outStrides)} + place * ${outStrides[axis]}u;
            let acc = out[to];
            let v = ${element('source0')};
            out[to] = ${combine(reduce, type === 'f32')};
          }
        }
      }`,
    });
    return;
  }
  const coordinate = (k: number): string => `((i / ${outStrides[k]}u) % ${out.shape[k]}u)`;
  const inside = out.shape
    .flatMap((n, k) => (k !== axis && index.shape[k] < n ? [`${coordinate(k)} < ${index.shape[k]}u`] : []))
    .join(' && ');
  const at = (strides: readonly number[]): string => offsetOf('i', out.shape, strides, axis);
  context.run({
    read: { x, index, source },
    write: { out },
    consts,
    threads: out.size,
    code: wgsl`${placeOf(index)}
    fn thread(i: u32) {
      var acc = ${type}(${x ? 'x[i]' : ''});
      let first = ${at(indexStrides)};
      ${sourceStrides && `let source0 = ${at(sourceStrides)};`}
      if (${inside || 'true'}) {
        for (var j = 0u; j < J; j++) {
          if (${entry} == ${coordinate(axis)}) {
            let v = ${element('source0')};
            acc = ${combine(reduce, type === 'f32')};
          }
        }
      }
      out[i] = out_t(acc);
    }`,
  });
}

const scatteredSum = kernelOp(
  'gatherBackward',
  ([, , g]: Inputs, { shape }: ScatterAttrs & { shape: Shape }) => [{ shape, dtype: g!.dtype }],
  launchScatter,
);

/** `g` added at the index into `partial`, or into zeros of `shape`. */
export const addScattered = (
  partial: Tensor | undefined,
  index: Tensor,
  g: Tensor,
  { axis, shape }: { axis: number; shape: Shape },
): Tensor => scatteredSum([partial, index, g], { axis, shape, reduce: 'sum' })[0];

// ONNX's operators that move, choose and make elements.
import * as f from '../../../../src/node.ts';
import type { Tensor } from '../../../../src/node.ts';
import { dtypeOf, fromHost, read, Skip, type Rules, type Value } from '../value.ts';

const same = (x: Value, tensor: Tensor): Value[] => [{ tensor, type: x.type }];
const axisOf = (x: Value, axis: number): number => (axis < 0 ? axis + x.tensor.rank : axis);

/** A list of numbers from an input of newer versions or an attribute of older ones. */
async function list(
  value: Value | undefined,
  attribute: number[] | undefined,
): Promise<number[] | undefined> {
  return value ? await read(value) : attribute;
}

export const move: Rules = {
  Concat: (inputs, call) =>
    same(
      inputs[0]!,
      f.concat(
        inputs.map((x) => x!.tensor),
        { axis: call.int('axis', 0) },
      ),
    ),
  Constant: (_, call) => {
    const value = call.tensor('value');
    if (value) return [fromHost(call.device, value)];
    if (call.has('value_float'))
      return [fromHost(call.device, { type: 'float', shape: [], data: [call.float('value_float', 0)] })];
    if (call.has('value_int'))
      return [fromHost(call.device, { type: 'int64', shape: [], data: [call.int('value_int', 0)] })];
    const ints = call.ints('value_ints');
    if (ints?.length) return [fromHost(call.device, { type: 'int64', shape: [ints.length], data: ints })];
    const floats = call.floats('value_floats');
    if (floats?.length)
      return [fromHost(call.device, { type: 'float', shape: [floats.length], data: floats })];
    throw new Skip('Constant of text or sparse');
  },
  ConstantOfShape: async ([shape], call) => {
    const { type, data } = call.tensor('value') ?? { type: 'float', data: [0] };
    return [{ tensor: f.full(call.device, await read(shape!), data[0], { dtype: dtypeOf(type) }), type }];
  },
  DepthToSpace: ([x], call) => {
    const [B, C, H, W] = x!.tensor.shape;
    const b = call.int('blocksize', 1);
    const isColumnRow = call.text('mode', 'DCR') === 'CRD';
    const split = isColumnRow ? [B, C / b / b, b, b, H, W] : [B, b, b, C / b / b, H, W];
    const order = isColumnRow ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
    return same(x!, f.reshape(f.transpose(f.reshape(x!.tensor, split), order), [B, C / b / b, H * b, W * b]));
  },
  Einsum: (inputs, call) =>
    same(inputs[0]!, f.einsum(call.text('equation', ''), ...inputs.map((x) => x!.tensor))),
  Expand: async ([x, shape]) => {
    const wanted = await read(shape!);
    const { shape: own } = x!.tensor;
    const rank = Math.max(own.length, wanted.length);
    const size = (all: readonly number[], i: number): number => all[all.length - rank + i] ?? 1;
    const target = Array.from({ length: rank }, (_, i) =>
      size(wanted, i) === 1 ? size(own, i) : size(wanted, i),
    );
    return same(x!, f.expand(x!.tensor, target));
  },
  EyeLike: ([x], call) => {
    const [n, m] = x!.tensor.shape;
    const type = call.has('dtype')
      ? ({ 1: 'float', 6: 'int32', 7: 'int64', 11: 'double' } as Record<number, string>)[call.int('dtype', 1)]
      : x!.type;
    const k = call.int('k', 0);
    const ones = f.ones(call.device, [n, m], { dtype: dtypeOf(type) });
    return [{ tensor: f.triu(f.tril(ones, k), k), type }];
  },
  Flatten: ([x], call) => {
    const at = axisOf(x!, call.int('axis', 1));
    const lead = x!.tensor.shape.slice(0, at).reduce((a, b) => a * b, 1);
    return same(x!, f.reshape(x!.tensor, [lead, x!.tensor.size / lead]));
  },
  Gather: ([x, indices], call) => {
    const axis = axisOf(x!, call.int('axis', 0));
    const picked = f.indexSelect(x!.tensor, axis, f.reshape(indices!.tensor, [-1]));
    const { shape } = x!.tensor;
    return same(
      x!,
      f.reshape(picked, [...shape.slice(0, axis), ...indices!.tensor.shape, ...shape.slice(axis + 1)]),
    );
  },
  GatherElements: ([x, indices], call) => same(x!, f.gather(x!.tensor, call.int('axis', 0), indices!.tensor)),
  OneHot: async ([indices, depth, values], call) => {
    const [n] = await read(depth!);
    const axis = call.int('axis', -1);
    const [off, on] = await read(values!);
    const { tensor } = indices!;
    const rank = tensor.rank + 1;
    const place = axis < 0 ? axis + rank : axis;
    const whole = f.cast(tensor, 'i32');
    const wrapped = f.where(f.lt(whole, 0), f.add(whole, n), whole);
    const hot = f.oneHot(wrapped, n);
    const order = [...Array(rank).keys()].map((i) => (i < place ? i : i === place ? rank - 1 : i - 1));
    const mask = f.transpose(hot, order);
    const make = (value: number): Tensor => f.full(call.device, [], value, { dtype: dtypeOf(values!.type) });
    return [{ tensor: f.where(mask, make(on), make(off)), type: values!.type }];
  },
  Pad: async ([x, pads, value], call) => {
    const amounts = (await list(pads, call.ints('pads')))!;
    const { rank } = x!.tensor;
    const pairs = Array.from({ length: rank }, (_, i): [number, number] => [amounts[i], amounts[rank + i]]);
    const constant = value ? (await read(value))[0] : call.float('value', 0);
    const mode = call.text('mode', 'constant') as 'constant' | 'reflect' | 'edge';
    if (mode === 'edge') return same(x!, f.pad(x!.tensor, pairs, { mode: 'replicate' }));
    return same(x!, f.pad(x!.tensor, pairs, { mode, value: constant }));
  },
  Range: async ([start, limit, delta], call) => {
    const [[from], [to], [step]] = [await read(start!), await read(limit!), await read(delta!)];
    const { type } = start!;
    return [{ tensor: f.arange(call.device, from, to, step, { dtype: dtypeOf(type) }), type }];
  },
  Reshape: async ([x, shape], call) => {
    const wanted = (await list(shape, call.ints('shape')))!;
    const keepsZero = call.int('allowzero', 0) === 1;
    return same(
      x!,
      f.reshape(
        x!.tensor,
        wanted.map((n, i) => (n === 0 && !keepsZero ? x!.tensor.shape[i] : n)),
      ),
    );
  },
  ReverseSequence: async ([x, lengths], call) => {
    const [timeAxis, batchAxis] = [call.int('time_axis', 0), call.int('batch_axis', 1)];
    const counts = await read(lengths!);
    const rows = counts.map((n, b) => {
      const row = f.slice(x!.tensor, { axis: batchAxis, start: b, end: b + 1 });
      const head = f.flip(f.slice(row, { axis: timeAxis, end: n }), [timeAxis]);
      return n === row.dim(timeAxis)
        ? head
        : f.concat([head, f.slice(row, { axis: timeAxis, start: n })], { axis: timeAxis });
    });
    return same(x!, f.concat(rows, { axis: batchAxis }));
  },
  Scatter: ([x, indices, updates], call) =>
    same(x!, f.scatter(x!.tensor, call.int('axis', 0), indices!.tensor, updates!.tensor)),
  ScatterElements: ([x, indices, updates], call) => {
    const args = [x!.tensor, call.int('axis', 0), indices!.tensor, updates!.tensor] as const;
    const how = call.text('reduction', 'none');
    if (how === 'none') return same(x!, f.scatter(...args));
    if (how === 'add') return same(x!, f.scatterAdd(...args));
    throw new Skip(`ScatterElements with ${how}: no op of this kind`);
  },
  Shape: ([x], call) => {
    const { shape, rank } = x!.tensor;
    const place = (at: number): number => Math.max(0, Math.min(rank, at < 0 ? at + rank : at));
    const data = shape.slice(place(call.int('start', 0)), place(call.int('end', rank)));
    return [fromHost(call.device, { type: 'int64', shape: [data.length], data })];
  },
  Size: ([x], call) => [fromHost(call.device, { type: 'int64', shape: [], data: [x!.tensor.size] })],
  Slice: async ([x, starts, ends, axes, steps], call) => {
    const from = (await list(starts, call.ints('starts')))!;
    const to = (await list(ends, call.ints('ends')))!;
    const along = (await list(axes, call.ints('axes'))) ?? from.map((_, i) => i);
    const by = steps ? await read(steps) : from.map(() => 1);
    let { tensor } = x!;
    along.forEach((axis, i) => {
      const n = tensor.dim(axis);
      const step = by[i];
      const clampTo = (at: number, low: number, high: number): number =>
        Math.max(low, Math.min(high, at < 0 ? at + n : at));
      if (step > 0) {
        const [start, end] = [clampTo(from[i], 0, n), clampTo(to[i], 0, n)];
        tensor = f.slice(tensor, { axis, start, end: Math.max(start, end), step });
      } else {
        const [start, end] = [clampTo(from[i], 0, n - 1), clampTo(to[i], -1, n - 1)];
        const turned = f.flip(tensor, [axis]);
        const first = n - 1 - start;
        tensor = f.slice(turned, { axis, start: first, end: Math.max(first, n - 1 - end), step: -step });
      }
    });
    return same(x!, tensor);
  },
  SpaceToDepth: ([x], call) => {
    const [B, C, H, W] = x!.tensor.shape;
    const b = call.int('blocksize', 1);
    const split = f.reshape(x!.tensor, [B, C, H / b, b, W / b, b]);
    return same(x!, f.reshape(f.transpose(split, [0, 3, 5, 1, 2, 4]), [B, C * b * b, H / b, W / b]));
  },
  Split: async ([x, sizes], call) => {
    const axis = call.int('axis', 0);
    const count = call.node.output.length;
    const n = x!.tensor.dim(axis);
    const lengths =
      (await list(sizes, call.ints('split')?.length ? call.ints('split') : undefined)) ??
      Array.from({ length: count }, (_, i) => Math.min(Math.ceil(n / count), n - i * Math.ceil(n / count)));
    return f.split(x!.tensor, lengths, { axis }).map((tensor) => ({ tensor, type: x!.type }));
  },
  Squeeze: async ([x, axes], call) => {
    const along = (await list(axes, call.ints('axes')?.length ? call.ints('axes') : undefined))?.map((a) =>
      axisOf(x!, a),
    );
    const { shape } = x!.tensor;
    return same(
      x!,
      f.reshape(
        x!.tensor,
        shape.filter((n, i) => (along ? !along.includes(i) : n !== 1)),
      ),
    );
  },
  Tile: async ([x, repeats]) => same(x!, f.repeat(x!.tensor, await read(repeats!))),
  Transpose: ([x], call) => {
    const perm = call.ints('perm');
    return same(x!, f.transpose(x!.tensor, perm?.length ? perm : [...x!.tensor.shape.keys()].reverse()));
  },
  Trilu: async ([x, k], call) => {
    const diagonal = k ? (await read(k))[0] : 0;
    return same(x!, call.int('upper', 1) ? f.triu(x!.tensor, diagonal) : f.tril(x!.tensor, diagonal));
  },
  Unsqueeze: async ([x, axes], call) => {
    const given = (await list(axes, call.ints('axes')))!;
    const rank = x!.tensor.rank + given.length;
    const along = new Set(given.map((a) => (a < 0 ? a + rank : a)));
    const sizes = [...x!.tensor.shape];
    return same(
      x!,
      f.reshape(
        x!.tensor,
        Array.from({ length: rank }, (_, i) => (along.has(i) ? 1 : sizes.shift()!)),
      ),
    );
  },
};

// attention: softmax(q·kᵀ/√D)·v per head, causal or full, keys and values at least as long as the queries.
//
// Legend: B batch, T time (Tq queries, Tk keys), C channels, H heads, D = C/H. With `causal`, query i sees
// keys 0 … i + Tk − Tq. Packed inputs ([B, T, 3C] or [B, T, 2C]) are read where they lie. A key count, for
// caches that are longer than what they hold, takes the place of Tk without a new plan for each count.
import { DTypeError, ShapeError, TensorError } from '../../core/errors.ts';
import { sizeOf } from '../../core/shape.ts';
import { assertFloat, assertSizes } from '../../arguments.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { attentionKey, backwardVariants, forwardVariants } from './attention-variants.ts';
import { attentionSizes, partCount, type AttentionAttrs } from './layout.ts';

/** Separates queries, keys and values from the optional key count behind them. */
export function divide<T>(
  tensors: readonly T[],
  { packing }: AttentionAttrs,
): { inputs: T[]; keyCount: T | undefined } {
  return { inputs: tensors.slice(0, partCount[packing]), keyCount: tensors[partCount[packing]] };
}

const definition: OpDefinition<AttentionAttrs> = {
  name: 'attention',
  infer(tensors, attrs, needs) {
    const { inputs, keyCount } = divide(tensors, attrs);
    if (keyCount) {
      if (keyCount.dtype !== 'u32')
        throw new DTypeError(`attention: keyCount is ${keyCount.dtype}, but u32 is needed`);
      assertSizes('attention', 'the size of keyCount', keyCount.size, 1);
      if (needs.includes(true)) {
        throw new TensorError(
          'attention: with keyCount there are no gradients; generate inside noGrad, or slice the keys instead',
        );
      }
    }
    inputs.forEach((t, i) => assertFloat('attention', `input ${i}`, t));
    const { B, Tq, Tk, C, H } = attentionSizes(inputs, attrs);
    if (attrs.causal && Tk < Tq)
      throw new ShapeError(`attention: ${Tq} causal queries need at least as many keys, not ${Tk}`);
    const out = { shape: [B, Tq, C], dtype: inputs[0].dtype };
    return needs.includes(true) ? [out, { shape: [B, H, Tq], dtype: 'f32' }] : [out];
  },
  launch({ device, run }, tensors, [out, lse], attrs) {
    const { inputs, keyCount } = divide(tensors, attrs);
    const sizes = attentionSizes(inputs, attrs);
    if (out.size === 0) return;
    const { causal } = attrs;
    const key = (): string => attentionKey('forward', sizes, causal);
    const variant = device.choices.pick(key, forwardVariants(device.adapter, sizes));
    run(variant.kernel(sizes, { inputs, out, lse, keyCount, causal }));
  },
  vjp({ inputs, outputs: [out, lse], attrs, grad }) {
    return attentionBackward(inputs, { out, lse, grad }, attrs);
  },
};

const backwardDefinition: OpDefinition<AttentionAttrs> = {
  name: 'attentionBackward',
  infer(tensors, attrs) {
    const inputs = tensors.slice(0, -3);
    const { B, Tq, H } = attentionSizes(inputs, attrs);
    return [
      ...inputs.map(({ shape, dtype }) => ({ shape, dtype })),
      { shape: [B, H, Tq], dtype: 'f32' as const },
    ];
  },
  launch({ device, run }, tensors, outputs, attrs) {
    const inputs = tensors.slice(0, -3);
    const [out, lse, grad] = tensors.slice(-3);
    if (sizeOf(out.shape) === 0) return;
    const sizes = attentionSizes(inputs, attrs);
    const grads = outputs.slice(0, -1);
    const all = { inputs, out, lse, grad, delta: outputs[grads.length], grads, causal: attrs.causal };
    const key = (): string => attentionKey('backward', sizes, attrs.causal);
    const variant = device.choices.pick(key, backwardVariants(device.adapter));
    run(variant.queryGrad(sizes, all));
    run(variant.keyValueGrad(sizes, all));
  },
};

const attentionBackward = defineOp(
  backwardDefinition,
  (apply) =>
    (
      inputs: readonly Tensor[],
      { out, lse, grad }: { out: Tensor; lse: Tensor; grad: Tensor },
      attrs: AttentionAttrs,
    ): Tensor[] =>
      apply([...inputs, out, lse, grad], attrs).slice(0, inputs.length),
);

export interface AttentionOptions {
  heads: number;
  causal?: boolean;
  /** u32 [1]: only the first keyCount[0] keys (at least Tq with `causal`) are seen. Not differentiable. */
  keyCount?: Tensor;
}

/**
 * Multi-head attention. q [B, Tq, C] with k and v [B, Tk, C], or q with one packed [B, Tk, 2C] (k then v),
 * or one packed [B, T, 3C] (q, k, v) → [B, Tq, C].
 * @example
 * attention([qkv], { heads: 12, causal: true });
 */
export const attention = defineOp(
  definition,
  (apply) =>
    (inputs: readonly Tensor[], { heads, causal = false, keyCount }: AttentionOptions): Tensor => {
      const packing = inputs.length === 1 ? 'qkv' : inputs.length === 2 ? 'kv' : 'none';
      return apply(keyCount ? [...inputs, keyCount] : inputs, { heads, causal, packing })[0];
    },
);

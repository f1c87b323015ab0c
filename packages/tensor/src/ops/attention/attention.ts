// attention: softmax(q·kᵀ/√D)·v per head, causal or full, with masks and shared heads of keys and values.
//
// Legend: see layout.ts. With `causal`, query i sees keys 0 … i + Tk − Tq. Packed inputs are read where they lie. A key count,
// for caches that are longer than what they hold, takes the place of Tk without a new plan for each count.
import { DTypeError, TensorError } from '../../core/errors.ts';
import {
  assertFloat,
  assertNumber,
  assertOptions,
  assertSizes,
  assertTensor,
  show,
} from '../../arguments.ts';
import { applyOp, defineOp, kernelOp, type OpDefinition } from '../../op.ts';
import { Tensor } from '../../tensor.ts';
import { statisticsKernel, maskGradKernel } from './backward-kernels.ts';
import { attentionKey, backwardVariants, forwardVariants } from './attention-variants.ts';
import { attentionSizes, divide, partCount, type AttentionAttrs } from './layout.ts';

/** Queries, keys and values as `packing` says; then a key count and a mask, each of which may be missing. */
export type AttentionInputs = readonly (Tensor | undefined)[];

/** What the forward pass saves of each row, see `ForwardTensors.lse`. */
const savedPerRow = (isRuled: boolean): number[] => (isRuled ? [2] : []);

const definition: OpDefinition<AttentionAttrs, AttentionInputs> = {
  name: 'attention',
  infer(tensors, attrs, needs) {
    const { inputs, keyCount, mask } = divide(tensors, attrs);
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
    const { B, Tq, H, outShape, isRuled } = attentionSizes(inputs, attrs, mask);
    const out = { shape: outShape, dtype: inputs[0].dtype };
    return needs.includes(true) ? [out, { shape: [B, H, Tq, ...savedPerRow(isRuled)], dtype: 'f32' }] : [out];
  },
  launch({ device, run }, tensors, [out, lse], attrs) {
    const { inputs, keyCount, mask } = divide(tensors, attrs);
    const sizes = attentionSizes(inputs, attrs, mask);
    if (out.size === 0) return;
    const key = (): string => attentionKey('forward', sizes);
    const variant = device.choices.pick(key, forwardVariants(device.adapter, sizes));
    run(variant.kernel(sizes, { inputs, out, lse, keyCount, mask }));
  },
  vjp({ inputs: tensors, outputs: [out, lse], attrs, grad, needs }) {
    const { inputs, mask } = divide(tensors, attrs);
    const maskAt = inputs.length + 1;
    const needsMask = needs[maskAt] ?? false;
    const all = attentionBackward([...inputs, mask, out, lse, grad], { ...attrs, needsMask });
    return [...all.slice(0, inputs.length), undefined, all[maskAt]];
  },
};

interface BackwardAttrs extends AttentionAttrs {
  needsMask: boolean;
}

/** Takes the inputs, the mask, the result, what was saved and the gradient; gives those of the inputs, δ, that of the mask. */
const attentionBackward = kernelOp(
  'attentionBackward',
  (tensors: AttentionInputs, attrs: BackwardAttrs) => {
    const inputs = tensors.slice(0, partCount[attrs.packing]) as Tensor[];
    const mask = tensors[inputs.length];
    const { B, Tq, H, isRuled } = attentionSizes(inputs, attrs, mask);
    return [
      ...inputs.map(({ shape, dtype }) => ({ shape, dtype })),
      { shape: [B, H, Tq, ...(isRuled ? [3] : [])], dtype: 'f32' as const },
      ...(attrs.needsMask ? [{ shape: mask!.shape, dtype: mask!.dtype }] : []),
    ];
  },
  ({ device, run }, tensors, outputs, attrs) => {
    const inputs = tensors.slice(0, partCount[attrs.packing]) as Tensor[];
    const [mask, ...rest] = tensors.slice(inputs.length);
    const [out, lse, grad] = rest as Tensor[];
    const sizes = attentionSizes(inputs, attrs, mask);
    const grads = outputs.slice(0, inputs.length);
    const [delta, maskGrad] = outputs.slice(inputs.length);
    const all = { inputs, out, lse, grad, delta, grads, mask, maskGrad };
    if (out.size === 0) return;
    const key = (): string => attentionKey('backward', sizes);
    const variant = device.choices.pick(key, backwardVariants(device.adapter, sizes));
    if (sizes.isRuled) run(statisticsKernel(sizes, all));
    run(variant.queryGrad(sizes, all));
    run(variant.keyValueGrad(sizes, all));
    if (maskGrad) run(maskGradKernel(sizes, all));
  },
);

export interface AttentionOptions {
  heads: number;
  /** Heads of keys and values, a divisor of `heads`, each shared by neighbouring heads of the queries; default `heads`. */
  keyValueHeads?: number;
  /** Query i sees keys 0 … i + Tk − Tq: the last query sees all keys (PyTorch's `is_causal` counts from the first key). */
  causal?: boolean;
  /**
   * Broadcasts to [B, H, Tq, Tk]. Floats are added to the scores, −∞ hides a key, and have a gradient; whole numbers (u32,
   * i32) say where a query may look: not zero, it may.
   */
  mask?: Tensor;
  /** Factor of the products; default 1/√D. */
  scale?: number;
  /** Scores become softcap · tanh(score/softcap) before the mask (Gemma 2). */
  softcap?: number;
  /** u32 [1]: only the first keyCount[0] keys (at least Tq with `causal`) are seen. Not differentiable. */
  keyCount?: Tensor;
}

const optionNames = ['heads', 'keyValueHeads', 'causal', 'mask', 'scale', 'softcap', 'keyCount'];

/** Attention as an op, for functions that give it another form. */
export const attend = (inputs: AttentionInputs, attrs: AttentionAttrs): Tensor =>
  applyOp(definition, inputs, attrs)[0];

/** @throws TensorError for options of the wrong kind that all forms of attention take. */
export function assertScoreOptions(op: string, { mask, scale, softcap }: Partial<AttentionOptions>): void {
  if (mask !== undefined) assertTensor(op, 'mask', mask);
  if (scale !== undefined) assertNumber(op, 'scale', scale, { min: -3e38, max: 3e38 });
  if (softcap !== undefined) assertNumber(op, 'softcap', softcap, { min: 1e-30, max: 3e38 });
}

/**
 * Multi-head attention, softmax(q·kᵀ·scale + mask)·v per head. q [B, Tq, H·D] with k [B, Tk, Hk·D] and v [B, Tk, Hk·Dv], or
 * q with one packed [B, Tk, 2·Hk·D] (k then v), or one packed [B, T, (H + 2·Hk)·D] (q, k, v), alone or in a list
 * → [B, Tq, H·Dv].
 *
 * A query that sees no key gets zeros (as in PyTorch from 2.5 on), and gives no gradient. A hidden key is not read: NaN in
 * it stays there, where PyTorch would spread it.
 * @throws ShapeError when the tensors do not fit each other, the heads or the mask.
 * @throws TensorError for heads that are no whole numbers, or unknown options.
 * @example
 * attention([qkv], { heads: 12, causal: true });
 */
export const attention = defineOp(
  definition,
  (apply) =>
    (given: Tensor | readonly Tensor[], options: AttentionOptions): Tensor => {
      const inputs = given instanceof Tensor ? [given] : given;
      if (!Array.isArray(inputs) || inputs.length < 1 || inputs.length > 3)
        throw new TensorError(
          `attention: the first argument is ${show(inputs)}, but a packed tensor or a list of 1 to 3 tensors is wanted`,
        );
      assertOptions('attention', options, optionNames);
      assertScoreOptions('attention', options);
      const { heads, keyValueHeads, causal = false, mask, scale, softcap, keyCount } = options;
      const packing = inputs.length === 1 ? 'qkv' : inputs.length === 2 ? 'kv' : 'none';
      return apply([...inputs, keyCount, mask], { heads, keyValueHeads, causal, scale, softcap, packing })[0];
    },
);

// The kernels that can compute attention on an adapter, the one that does on most first.
import { fixedSubgroup, type AdapterSummary } from '../../core/adapter.ts';
import type { Variant } from '../../core/choices.ts';
import type { KernelSpec } from '../../kernel/kernel.ts';
import { keyValueGradKernel, queryGradKernel, type BackwardTensors } from './backward-kernels.ts';
import { channelForward, channelKeyValueGrad, channelQueryGrad } from './channel-kernels.ts';
import { forwardKernel, type ForwardTensors } from './forward-kernel.ts';
import type { AttentionSizes } from './layout.ts';

export interface AttentionVariant extends Variant {
  forward(sizes: AttentionSizes, tensors: ForwardTensors): KernelSpec;
  queryGrad(sizes: AttentionSizes, tensors: BackwardTensors): KernelSpec;
  keyValueGrad(sizes: AttentionSizes, tensors: BackwardTensors): KernelSpec;
}

/** An invocation owns a query, or a key. */
const queries = (lanes: number): AttentionVariant => ({
  name: `queries ${lanes}`,
  forward: (sizes, tensors) => forwardKernel(lanes, sizes, tensors),
  queryGrad: (sizes, tensors) => queryGradKernel(lanes, sizes, tensors),
  keyValueGrad: (sizes, tensors) => keyValueGradKernel(lanes, sizes, tensors),
});

/** A subgroup shares the channels of a few queries. */
const channels = (lanes: number): AttentionVariant => ({
  name: 'channels',
  forward: (sizes, tensors) => channelForward(lanes, sizes, tensors),
  queryGrad: (sizes, tensors) => channelQueryGrad(lanes, sizes, tensors),
  keyValueGrad: (sizes, tensors) => channelKeyValueGrad(lanes, sizes, tensors),
});

export function attentionVariants(adapter: AdapterSummary): AttentionVariant[] {
  const subgroup = fixedSubgroup(adapter);
  const sharedBy = (...sizes: number[]): AttentionVariant[] =>
    sizes.includes(subgroup) ? [channels(subgroup)] : [];
  return adapter.kind === 'software'
    ? [...sharedBy(4, 8), queries(8)]
    : [queries(32), queries(64), ...sharedBy(4, 8, 16, 32)];
}

/** Calls that one choice holds for: times up to the same powers of two, the same channels per head. */
export function attentionKey(pass: 'forward' | 'backward', s: AttentionSizes, causal: boolean): string {
  const upTo = (n: number): number => 2 ** Math.ceil(Math.log2(n));
  const sizes = `B·H≤${upTo(s.B * s.H)} Tq≤${upTo(s.Tq)} Tk≤${upTo(s.Tk)} D=${s.D}`;
  return `attention ${pass} ${sizes}${causal ? ' causal' : ''}`;
}

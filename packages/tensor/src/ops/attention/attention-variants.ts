// The kernels that can compute attention on an adapter, the one that does on most first.
import { fixedSubgroup, type AdapterSummary } from '../../core/adapter.ts';
import { upToPowerOfTwo, type Variant } from '../../core/choices.ts';
import type { KernelSpec } from '../../kernel/kernel.ts';
import { keyValueGradKernel, queryGradKernel, type BackwardTensors } from './backward-kernels.ts';
import { channelForward, channelKeyValueGrad, channelQueryGrad, suitsChannels } from './channel-kernels.ts';
import { forwardKernel, type ForwardTensors } from './forward-kernel.ts';
import { keyForward, suitsKeys } from './key-kernel.ts';
import type { AttentionSizes } from './layout.ts';

export interface ForwardVariant extends Variant {
  kernel(sizes: AttentionSizes, tensors: ForwardTensors): KernelSpec;
}

export interface BackwardVariant extends Variant {
  queryGrad(sizes: AttentionSizes, tensors: BackwardTensors): KernelSpec;
  keyValueGrad(sizes: AttentionSizes, tensors: BackwardTensors): KernelSpec;
}

/** Invocations of a workgroup, each of which owns a query, or a key. */
const lanesOf = ({ kind }: AdapterSummary): number[] => (kind === 'software' ? [8] : [32, 64]);

/** The subgroup that shares the channels of a row, where its size is one of these. */
function sharedBy(adapter: AdapterSummary, attention: AttentionSizes): number[] {
  if (!suitsChannels(attention)) return [];
  const sizes = adapter.kind === 'software' ? [4, 8, 16] : [4, 8, 16, 32];
  return sizes.filter((size) => size === fixedSubgroup(adapter));
}

export function forwardVariants(adapter: AdapterSummary, sizes: AttentionSizes): ForwardVariant[] {
  const queries = lanesOf(adapter).map((lanes): ForwardVariant => ({
    name: `queries ${lanes}`,
    kernel: (s, tensors) => forwardKernel(lanes, s, tensors),
  }));
  const channels = sharedBy(adapter, sizes).map((lanes): ForwardVariant => ({
    name: 'channels',
    kernel: (s, tensors) => channelForward(lanes, s, tensors),
  }));
  if (adapter.kind === 'software') return [...channels, ...queries];
  const keys: ForwardVariant[] = suitsKeys(sizes) ? [{ name: 'keys', kernel: keyForward }] : [];
  // A few queries keep a few invocations busy, and each would walk all keys.
  return sizes.Tq < 8 ? [...keys, ...queries, ...channels] : [...queries, ...channels, ...keys];
}

export function backwardVariants(adapter: AdapterSummary, attention: AttentionSizes): BackwardVariant[] {
  const queries = lanesOf(adapter).map((lanes): BackwardVariant => ({
    name: `queries ${lanes}`,
    queryGrad: (sizes, tensors) => queryGradKernel(lanes, sizes, tensors),
    keyValueGrad: (sizes, tensors) => keyValueGradKernel(lanes, sizes, tensors),
  }));
  const channels = sharedBy(adapter, attention).map((lanes): BackwardVariant => ({
    name: 'channels',
    queryGrad: (sizes, tensors) => channelQueryGrad(lanes, sizes, tensors),
    keyValueGrad: (sizes, tensors) => channelKeyValueGrad(lanes, sizes, tensors),
  }));
  return adapter.kind === 'software' ? [...channels, ...queries] : [...queries, ...channels];
}

/** Calls that one choice holds for: times up to the same powers of two, the same channels per head. */
export function attentionKey(pass: 'forward' | 'backward', s: AttentionSizes): string {
  const sizes = `B·H≤${upToPowerOfTwo(s.B * s.H)} Tq≤${upToPowerOfTwo(s.Tq)} Tk≤${upToPowerOfTwo(s.Tk)} D=${s.D}`;
  const more = [
    s.Dv === s.D ? '' : ` Dv=${s.Dv}`,
    s.G === 1 ? '' : ` G=${s.G}`,
    s.causal ? ' causal' : '',
    s.isRuled ? ' ruled' : '',
  ];
  return `attention ${pass} ${sizes}${more.join('')}`;
}

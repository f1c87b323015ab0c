// Ops that do not begin with one tensor: they make tensors, or take several.
export { fill, full, zeros, ones, fullLike, zerosLike, onesLike } from './create/fill.ts';
export { arange, linspace, eye } from './create/sequences.ts';
export { randomUniform, randomNormal, rand, randn } from './random/random.ts';
export { randint, randperm } from './random/discrete.ts';
export { manualSeed } from './random/generator.ts';
export { concat } from './move/concat.ts';
export { stack } from './move/stack.ts';
export { attention } from './attention/attention.ts';
export { scaledDotProductAttention } from './attention/scaled-dot-product-attention.ts';
export { searchSorted } from './index/search-sorted.ts';
export { einsum } from './product/einsum.ts';
export { meshgrid } from './move/meshgrid.ts';
// Not a method: PyTorch's x.where(condition, other) takes its operands in another order.
export { where } from './binary/where.ts';

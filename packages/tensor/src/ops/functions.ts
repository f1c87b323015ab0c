// Ops that are functions alone: they make tensors, take several, or stand in torch.nn.functional.
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
export { rmsNorm } from './rows/rms-norm.ts';
export { groupNorm, instanceNorm } from './rows/group-norm.ts';
export { batchNorm } from './rows/batch-norm.ts';
export { rotaryEmbedding } from './attention/rotary-embedding.ts';
export { conv2d } from './conv/conv2d.ts';
export { conv1d, convTranspose1d } from './conv/conv1d.ts';
export { convTranspose2d } from './conv/conv-transpose2d.ts';
export {
  maxPool2d,
  maxPool2dWithIndices,
  avgPool2d,
  adaptiveAvgPool2d,
  adaptiveMaxPool2d,
} from './conv/pool2d.ts';
export { maxPool1d, avgPool1d } from './conv/pool1d.ts';
export { interpolate } from './conv/interpolate.ts';
export { gridSample } from './conv/grid-sample.ts';
export { pixelShuffle, pixelUnshuffle } from './conv/pixel-shuffle.ts';
export { imagePatches, patchEmbed } from './conv/patch-embed.ts';
export { bucketize } from './index/search-sorted.ts';
export { bernoulli, multinomial } from './random/discrete.ts';
export { crossEntropy } from './loss/cross-entropy.ts';
export { linearCrossEntropy } from './loss/linear-cross-entropy.ts';
export { nllLoss } from './loss/nll-loss.ts';
export {
  mseLoss,
  l1Loss,
  huberLoss,
  smoothL1Loss,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  klDiv,
  hingeEmbeddingLoss,
  cosineSimilarity,
  cosineEmbeddingLoss,
} from './loss/pointwise-losses.ts';

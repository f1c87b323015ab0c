// The check of every op. `Record` makes a missing one a type error. Tests import this; nothing that ships does.
import type { AnyCheck } from '../check.ts';
import type * as ops from './index.ts';
import { attentionCheck, scaledDotProductAttentionCheck } from './attention/attention.check.ts';
import { rotaryEmbeddingCheck } from './attention/rotary-embedding.check.ts';
import { affineCheck } from './binary/arithmetic.check.ts';
import { binaryChecks } from './binary/binary.check.ts';
import { whereCheck } from './binary/where.check.ts';
import { conv1dCheck, convTranspose1dCheck } from './conv/conv1d.check.ts';
import { convTranspose2dCheck } from './conv/conv-transpose2d.check.ts';
import { conv2dCheck } from './conv/conv2d.check.ts';
import { gridSampleCheck } from './conv/grid-sample.check.ts';
import { interpolateCheck, pixelShuffleCheck, pixelUnshuffleCheck } from './conv/interpolate.check.ts';
import { adaptivePoolCheck, pool1dCheck, poolCheck } from './conv/pool2d.check.ts';
import { imagePatchesCheck, patchEmbedCheck } from './conv/patch-embed.check.ts';
import { fillCheck } from './create/fill.check.ts';
import { arangeCheck, eyeCheck } from './create/sequences.check.ts';
import { embeddingCheck } from './index/embedding.check.ts';
import {
  gatherCheck,
  indexAddCheck,
  maskedFillCheck,
  oneHotCheck,
  scatterCheck,
  searchSortedCheck,
  takeCheck,
} from './index/index-ops.check.ts';
import { writeRowsCheck } from './index/write-rows.check.ts';
import { crossEntropyCheck } from './loss/cross-entropy.check.ts';
import { linearCrossEntropyCheck } from './loss/linear-cross-entropy.check.ts';
import { nllLossCheck } from './loss/nll-loss.check.ts';
import { cosineEmbeddingLossCheck, cosineSimilarityCheck, lossCheck } from './loss/pointwise-losses.check.ts';
import { concatCheck } from './move/concat.check.ts';
import {
  diagonalCheck,
  expandCheck,
  flipCheck,
  repeatCheck,
  repeatInterleaveCheck,
  rollCheck,
  stackCheck,
  triangleCheck,
} from './move/moves.check.ts';
import { padCheck } from './move/pad.check.ts';
import { reshapeCheck } from './move/reshape.check.ts';
import { sliceCheck } from './move/slice.check.ts';
import { transposeCheck } from './move/transpose.check.ts';
import { einsumCheck } from './product/einsum.check.ts';
import { linearCheck } from './product/linear.check.ts';
import { matmulCheck } from './product/matmul.check.ts';
import { mlpCheck } from './product/mlp.check.ts';
import { bernoulliCheck, multinomialCheck, randintCheck } from './random/discrete.check.ts';
import { dropoutCheck } from './random/dropout.check.ts';
import { randomNormalCheck, randomUniformCheck } from './random/random.check.ts';
import { argmaxCheck } from './reduce/argmax.check.ts';
import {
  allCheck,
  anyCheck,
  logSumExpCheck,
  maxCheck,
  meanCheck,
  minCheck,
  normCheck,
  prodCheck,
  stdCheck,
  sumCheck,
  varCheck,
} from './reduce/reductions.check.ts';
import { cumprodCheck, cumsumCheck } from './reduce/cumulative.check.ts';
import { argsortCheck, medianCheck, sortCheck } from './reduce/sort.check.ts';
import { topKCheck } from './reduce/top-k.check.ts';
import { l2NormalizeCheck } from './rows/l2-normalize.check.ts';
import { batchNormCheck } from './rows/batch-norm.check.ts';
import { groupNormCheck } from './rows/group-norm.check.ts';
import { layerNormCheck, rmsNormCheck } from './rows/norm-kernels.check.ts';
import { softmaxCheck, softminCheck } from './rows/softmax.check.ts';
import { activationCheck } from './unary/activations.check.ts';
import { unaryChecks } from './unary/unary.check.ts';
import { castCheck } from './unary/cast.check.ts';

/** Names of all ops. */
export type OpName = {
  [K in keyof typeof ops]: (typeof ops)[K] extends { readonly definition: unknown } ? K : never;
}[keyof typeof ops];

export const checks: Record<OpName, AnyCheck> = {
  // binary
  ...binaryChecks,
  affine: affineCheck,
  where: whereCheck,
  // unary
  tanh: activationCheck('tanh'),
  relu: activationCheck('relu'),
  sigmoid: activationCheck('sigmoid'),
  geluNew: activationCheck('geluNew'),
  gelu: activationCheck('gelu'),
  quickGelu: activationCheck('quickGelu'),
  ...unaryChecks,
  cast: castCheck,
  // move
  reshape: reshapeCheck,
  slice: sliceCheck,
  transpose: transposeCheck,
  concat: concatCheck,
  flip: flipCheck,
  roll: rollCheck,
  expand: expandCheck,
  repeat: repeatCheck,
  repeatInterleave: repeatInterleaveCheck,
  tril: triangleCheck((d) => d <= 0),
  triu: triangleCheck((d) => d >= 0),
  pad: padCheck,
  diagonal: diagonalCheck,
  stack: stackCheck,
  // reduce
  sum: sumCheck,
  mean: meanCheck,
  max: maxCheck,
  min: minCheck,
  any: anyCheck,
  all: allCheck,
  prod: prodCheck,
  var: varCheck,
  std: stdCheck,
  norm: normCheck,
  logSumExp: logSumExpCheck,
  argmax: argmaxCheck(1),
  argmin: argmaxCheck(-1),
  topK: topKCheck,
  sort: sortCheck,
  argsort: argsortCheck,
  median: medianCheck,
  cumsum: cumsumCheck,
  cumprod: cumprodCheck,
  // rows
  softmax: softmaxCheck('softmax'),
  logSoftmax: softmaxCheck('logSoftmax'),
  layerNorm: layerNormCheck,
  l2Normalize: l2NormalizeCheck,
  softmin: softminCheck,
  rmsNorm: rmsNormCheck,
  groupNorm: groupNormCheck(false),
  instanceNorm: groupNormCheck(true),
  batchNorm: batchNormCheck,
  // product
  matmul: matmulCheck,
  linear: linearCheck,
  mlp: mlpCheck,
  einsum: einsumCheck,
  attention: attentionCheck,
  scaledDotProductAttention: scaledDotProductAttentionCheck,
  rotaryEmbedding: rotaryEmbeddingCheck,
  // conv
  conv2d: conv2dCheck,
  avgPool2d: poolCheck('avg'),
  imagePatches: imagePatchesCheck,
  patchEmbed: patchEmbedCheck,
  conv1d: conv1dCheck,
  convTranspose1d: convTranspose1dCheck,
  convTranspose2d: convTranspose2dCheck,
  maxPool2d: poolCheck('max'),
  maxPool2dWithIndices: poolCheck('max', true),
  adaptiveAvgPool2d: adaptivePoolCheck('avg'),
  adaptiveMaxPool2d: adaptivePoolCheck('max'),
  maxPool1d: pool1dCheck('max'),
  avgPool1d: pool1dCheck('avg'),
  interpolate: interpolateCheck,
  gridSample: gridSampleCheck,
  pixelShuffle: pixelShuffleCheck,
  pixelUnshuffle: pixelUnshuffleCheck,
  // index
  embedding: embeddingCheck,
  writeRows: writeRowsCheck,
  take: takeCheck,
  indexAdd: indexAddCheck,
  gather: gatherCheck,
  scatter: scatterCheck('last'),
  scatterAdd: scatterCheck('sum'),
  scatterReduce: scatterCheck('amax'),
  oneHot: oneHotCheck,
  maskedFill: maskedFillCheck,
  searchSorted: searchSortedCheck,
  // random
  dropout: dropoutCheck,
  randomUniform: randomUniformCheck,
  randomNormal: randomNormalCheck,
  randint: randintCheck,
  bernoulli: bernoulliCheck,
  multinomial: multinomialCheck,
  // loss
  crossEntropy: crossEntropyCheck,
  linearCrossEntropy: linearCrossEntropyCheck,
  nllLoss: nllLossCheck,
  mseLoss: lossCheck('mseLoss'),
  l1Loss: lossCheck('l1Loss'),
  huberLoss: lossCheck('huberLoss', { attrs: [{}, { delta: 0.7 }] }),
  smoothL1Loss: lossCheck('smoothL1Loss', { attrs: [{ beta: 0 }, { beta: 0.7 }] }),
  binaryCrossEntropy: lossCheck('binaryCrossEntropy', { x: [0.1, 0.9], y: { range: [0, 1] } }),
  binaryCrossEntropyWithLogits: lossCheck('binaryCrossEntropyWithLogits', {
    x: [-6, 6],
    y: { range: [0, 1] },
  }),
  klDiv: lossCheck('klDiv', {
    x: [-3, 0],
    y: { range: [0.1, 1] },
    attrs: [{ logTarget: true }, { reduction: 'batchMean' }],
  }),
  hingeEmbeddingLoss: lossCheck('hingeEmbeddingLoss', { y: { range: [-1, 1] }, checkGrad: [0] }),
  cosineSimilarity: cosineSimilarityCheck,
  cosineEmbeddingLoss: cosineEmbeddingLossCheck,
  // create
  fill: fillCheck,
  arange: arangeCheck,
  eye: eyeCheck,
};

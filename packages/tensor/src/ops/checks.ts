// The check of every op. `Record` makes a missing one a type error. Tests import this; nothing that ships does.
import type { AnyCheck } from '../check.ts';
import type * as ops from './index.ts';
import { attentionCheck } from './attention/attention.check.ts';
import { affineCheck, binaryCheck } from './binary/arithmetic.check.ts';
import { avgPool2dCheck } from './conv/avg-pool2d.check.ts';
import { conv2dCheck } from './conv/conv2d.check.ts';
import { imagePatchesCheck, patchEmbedCheck } from './conv/patch-embed.check.ts';
import { fillCheck } from './create/fill.check.ts';
import { arangeCheck, eyeCheck } from './create/sequences.check.ts';
import { embeddingCheck } from './index/embedding.check.ts';
import { writeRowsCheck } from './index/write-rows.check.ts';
import { crossEntropyCheck } from './loss/cross-entropy.check.ts';
import { linearCrossEntropyCheck } from './loss/linear-cross-entropy.check.ts';
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
import { linearCheck } from './product/linear.check.ts';
import { matmulCheck } from './product/matmul.check.ts';
import { mlpCheck } from './product/mlp.check.ts';
import { bernoulliCheck, multinomialCheck, randintCheck } from './random/discrete.check.ts';
import { dropoutCheck } from './random/dropout.check.ts';
import { randomNormalCheck, randomUniformCheck } from './random/random.check.ts';
import { argmaxCheck } from './reduce/argmax.check.ts';
import { reduceCheck } from './reduce/reduce.check.ts';
import { topKCheck } from './reduce/top-k.check.ts';
import { l2NormalizeCheck } from './rows/l2-normalize.check.ts';
import { layerNormCheck } from './rows/layer-norm.check.ts';
import { softmaxCheck } from './rows/softmax.check.ts';
import { unaryCheck } from './unary/activations.check.ts';
import { castCheck } from './unary/cast.check.ts';

/** Names of all ops. */
export type OpName = {
  [K in keyof typeof ops]: (typeof ops)[K] extends { readonly definition: unknown } ? K : never;
}[keyof typeof ops];

export const checks: Record<OpName, AnyCheck> = {
  // binary
  add: binaryCheck('add', (a, b) => a + b),
  sub: binaryCheck('sub', (a, b) => a - b),
  mul: binaryCheck('mul', (a, b) => a * b),
  div: binaryCheck('div', (a, b) => a / b, [0.5, 2]),
  affine: affineCheck,
  // unary
  tanh: unaryCheck('tanh'),
  relu: unaryCheck('relu'),
  sigmoid: unaryCheck('sigmoid'),
  geluNew: unaryCheck('geluNew'),
  gelu: unaryCheck('gelu'),
  quickGelu: unaryCheck('quickGelu'),
  exp: unaryCheck('exp'),
  log: unaryCheck('log'),
  sqrt: unaryCheck('sqrt'),
  square: unaryCheck('square'),
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
  sum: reduceCheck('sum'),
  mean: reduceCheck('mean'),
  max: reduceCheck('max'),
  argmax: argmaxCheck,
  topK: topKCheck,
  // rows
  softmax: softmaxCheck('softmax'),
  logSoftmax: softmaxCheck('logSoftmax'),
  layerNorm: layerNormCheck,
  l2Normalize: l2NormalizeCheck,
  // product
  matmul: matmulCheck,
  linear: linearCheck,
  mlp: mlpCheck,
  attention: attentionCheck,
  // conv
  conv2d: conv2dCheck,
  avgPool2d: avgPool2dCheck,
  imagePatches: imagePatchesCheck,
  patchEmbed: patchEmbedCheck,
  // index
  embedding: embeddingCheck,
  writeRows: writeRowsCheck,
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
  // create
  fill: fillCheck,
  arange: arangeCheck,
  eye: eyeCheck,
};

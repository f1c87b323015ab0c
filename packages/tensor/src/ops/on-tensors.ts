// Ops whose first argument is a tensor, one line each: they are methods of Tensor too (methods.ts).
// With functions.ts this list is the registry: methods and tests are generated from it.
export { add, sub, mul, div, affine } from './binary/arithmetic.ts';
export {
  tanh,
  relu,
  sigmoid,
  geluNew,
  gelu,
  quickGelu,
  exp,
  log,
  sqrt,
  square,
} from './unary/activations.ts';
export { cast } from './unary/cast.ts';
export { reshape } from './move/reshape.ts';
export { slice, narrow, select } from './move/slice.ts';
export { transpose, permute, swapaxes, movedim } from './move/transpose.ts';
export { squeeze, unsqueeze, flatten, unflatten } from './move/views.ts';
export { flip, roll } from './move/reverse.ts';
export { expand, repeat, repeatInterleave } from './move/expand.ts';
export { tril, triu } from './move/triangle.ts';
export { pad } from './move/pad.ts';
export { diagonal, diag } from './move/diagonal.ts';
export { split, chunk, unbind } from './move/stack.ts';
export { sum, mean, max } from './reduce/reduce.ts';
export { argmax } from './reduce/argmax.ts';
export { topK } from './reduce/top-k.ts';
export { softmax, logSoftmax } from './rows/softmax.ts';
export { layerNorm } from './rows/layer-norm.ts';
export { l2Normalize } from './rows/l2-normalize.ts';
export { matmul } from './product/matmul.ts';
export { linear } from './product/linear.ts';
export { mlp } from './product/mlp.ts';
export { conv2d } from './conv/conv2d.ts';
export { avgPool2d } from './conv/avg-pool2d.ts';
export { imagePatches, patchEmbed } from './conv/patch-embed.ts';
export { embedding } from './index/embedding.ts';
export { writeRows } from './index/write-rows.ts';
export { dropout } from './random/dropout.ts';
export { bernoulli, multinomial } from './random/discrete.ts';
export { crossEntropy } from './loss/cross-entropy.ts';
export { linearCrossEntropy } from './loss/linear-cross-entropy.ts';

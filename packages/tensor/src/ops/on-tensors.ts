// Ops that are methods of Tensor too (methods.ts), one line each; their first argument is a tensor. They are those that
// torch.Tensor has, and linear, mlp, layerNorm and embedding. What PyTorch keeps in torch.nn.functional is in functions.ts, so that
// a page pays only for what it imports. Together these lists are the registry: methods and tests are generated from them.
export { add, sub, mul, div, minimum, maximum, affine } from './binary/arithmetic.ts';
export { eq, ne, lt, le, gt, ge } from './binary/comparisons.ts';
export { logicalAnd, logicalOr, logicalXor } from './binary/logic.ts';
export { bitwiseAnd, bitwiseOr, bitwiseXor, bitwiseLeftShift, bitwiseRightShift } from './binary/logic.ts';
export { pow } from './binary/pow.ts';
export { atan2 } from './binary/atan2.ts';
export { fmod, remainder, floorDivide } from './binary/remainder.ts';
export { tanh, relu, sigmoid, geluNew, gelu, quickGelu } from './unary/activations.ts';
export { silu, softplus, logSigmoid, mish, softsign } from './unary/smooth-activations.ts';
export {
  elu,
  selu,
  celu,
  leakyRelu,
  hardSigmoid,
  hardSwish,
  hardTanh,
} from './unary/piecewise-activations.ts';
export { exp, exp2, expm1, log, log2, log1p } from './unary/elementary.ts';
export { sqrt, rsqrt, reciprocal, square, erf } from './unary/elementary.ts';
export { sin, cos, tan, asin, acos, atan } from './unary/trigonometry.ts';
export { sinh, cosh, asinh, acosh, atanh } from './unary/hyperbolic.ts';
export { neg, abs, sign, floor, ceil, round, trunc } from './unary/rounding.ts';
export { clamp } from './unary/clamp.ts';
export { isnan, isinf, isfinite, logicalNot, bitwiseNot } from './unary/predicates.ts';
export { cast } from './unary/cast.ts';
export { reshape } from './move/reshape.ts';
export { sum, mean } from './reduce/sum.ts';
export { max, min, any, all } from './reduce/extremes.ts';
export { prod } from './reduce/prod.ts';
export { var, std } from './reduce/variance.ts';
export { norm } from './reduce/norm.ts';
export { logSumExp } from './reduce/log-sum-exp.ts';
export { argmax, argmin } from './reduce/argmax.ts';
export { slice, narrow, select } from './move/slice.ts';
export { transpose, permute, swapaxes, movedim } from './move/transpose.ts';
export { squeeze, unsqueeze, flatten, unflatten } from './move/views.ts';
export { flip, roll } from './move/reverse.ts';
export { expand, repeat, repeatInterleave } from './move/expand.ts';
export { tril, triu } from './move/triangle.ts';
export { pad } from './move/pad.ts';
export { diagonal, diag } from './move/diagonal.ts';
export { split, chunk, unbind } from './move/stack.ts';
export { topK } from './reduce/top-k.ts';
export { sort, argsort, median } from './reduce/sort.ts';
export { cumsum, cumprod } from './reduce/cumulative.ts';
export { softmax, logSoftmax, softmin } from './rows/softmax.ts';
export { layerNorm } from './rows/layer-norm.ts';
export { l2Normalize } from './rows/l2-normalize.ts';
export { matmul } from './product/matmul.ts';
export { linear } from './product/linear.ts';
export { mlp } from './product/mlp.ts';
export { dot, outer, bmm, cross } from './product/vector-products.ts';
export { embedding } from './index/embedding.ts';
export { writeRows } from './index/write-rows.ts';
export { take, indexSelect, indexAdd } from './index/take.ts';
export { gather } from './index/gather.ts';
export { scatter, scatterAdd, scatterReduce } from './index/scatter.ts';
export { oneHot, bincount } from './index/one-hot.ts';
export { maskedFill } from './index/masked-fill.ts';
export { dropout } from './random/dropout.ts';

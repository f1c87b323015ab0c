// OpInfo's ops that no rule maps, and why.

/** The first pattern that fits an op's name says why. */
export const notMapped: readonly (readonly [pattern: RegExp, why: string])[] = [
  [
    /^linalg|cholesky|^lu|^qr$|^svd|symeig|geqrf|ormqr|inverse|logdet|matrix_exp|pca|triangular_solve/,
    'linear algebra',
  ],
  [
    /^special\.|gamma|^i0$|^igammac?$|erfinv|erfc|^mvl|xlogy|sinc|logit|zeta|logaddexp|hypot/,
    'special functions',
  ],
  [/^fft|stft|complex|polar|angle|^real$|^imag$|conj|view_as_real|^vdot$|chalf|resolve_/, 'complex numbers'],
  [/^masked\.|masked_s|nan(mean|median|quantile|sum)|nan_to_num|quantile/, 'forms that leave values out'],
  [
    /sparse|jiterator|segment_reduce|_strided|as_strided|^to$|contiguous|^clone$|resize|zero_|^copy/,
    'storage, strides and sparse tensors',
  ],
  [/rand|normal|uniform|bernoulli|multinomial|dropout|rrelu|^empty|new_empty/, 'random or unset values'],
  [/3d|trilinear/, 'volumes'],
  [
    /unique|nonzero|argwhere|combinations|cartesian|histogram|histc|bincount|frexp|mode$|kthvalue/,
    'results whose shape depends on values, and other counts',
  ],
  [
    /^(byte|char|short|int|long|half|double|bool|bfloat16|float)$|with_dtype|\.dtype|softmin\.|bitwise|^__r(and|or|xor)|gcd|lcm/,
    'other dtypes',
  ],
  [
    /^(addbmm|addcdiv|addcmul|addmm|addmv|addr|baddbmm|rsub|__r|lerp|ldexp|float_power|copysign|heaviside|fmin|fmax)/,
    'compositions of ops that are mapped',
  ],
  [
    /^(zeros|ones|full|fill|arange|eye|linspace|logspace|new_|tril_indices|triu_indices)/,
    'tensors made from numbers',
  ],
  [/./, 'not mapped yet, or no such op'],
];

// Checks of softmax and logSoftmax: the formulas in float64 and the samples that tests are made from.
import type { OpCheck, RefArray, Sample } from '../../check.ts';
import type { Tensor } from '../../tensor.ts';
import { split, type AxisAttrs, type Kind } from './softmax.ts';

function softmaxRef(kind: Kind, x: RefArray, attrs: AxisAttrs): RefArray[] {
  const { rows, length, stride } = split(kind, x.shape, attrs);
  const data = new Float64Array(x.data.length);
  for (let r = 0; r < rows; r++) {
    const at = (k: number): number => (Math.floor(r / stride) * length + k) * stride + (r % stride);
    let m = -Infinity;
    for (let k = 0; k < length; k++) m = Math.max(m, x.data[at(k)]);
    let s = 0;
    for (let k = 0; k < length; k++) s += Math.exp(x.data[at(k)] - m);
    for (let k = 0; k < length; k++) {
      const d = x.data[at(k)] - m;
      data[at(k)] = kind === 'softmax' ? Math.exp(d) / s : d - Math.log(s);
    }
  }
  return [{ shape: x.shape, data }];
}

const samples: Sample<AxisAttrs>[] = [
  { inputs: [{ shape: [4, 8] }], attrs: { axis: -1 } },
  { inputs: [{ shape: [3, 7] }], attrs: { axis: 1 } },
  { inputs: [{ shape: [2, 5, 3] }], attrs: { axis: 1 } },
  { inputs: [{ shape: [20, 36] }], attrs: { axis: -1 } },
  { inputs: [{ shape: [5, 4] }], attrs: { axis: 0 } },
  { name: 'large', inputs: [{ shape: [3, 9], range: [-60, 60] }], attrs: { axis: -1 } },
  { name: 'long', inputs: [{ shape: [2, 5003], range: [-4, 4] }], attrs: { axis: -1 } },
  { name: 'one', inputs: [{ shape: [1, 1] }], attrs: { axis: -1 } },
  { name: 'no rows', inputs: [{ shape: [0, 4] }], attrs: { axis: -1 } },
  { name: 'empty rows', inputs: [{ shape: [3, 0] }], attrs: { axis: -1 } },
];

export const softminCheck: OpCheck<AxisAttrs, readonly [Tensor]> = {
  reference: ([x], attrs) => softmaxRef('softmax', { ...x, data: x.data.map((v) => -v) }, attrs),
  samples,
};

/** The check of softmax or logSoftmax. */
export const softmaxCheck = (kind: Kind): OpCheck<AxisAttrs, readonly [Tensor]> => ({
  reference: ([x], attrs) => softmaxRef(kind, x, attrs),
  samples,
});

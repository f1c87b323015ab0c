// The golden weights' rule against its published check values.
import * as assert from 'uvu/assert';
import { fnv1a32, goldenTensor, goldenTensors, suite } from '../src/index.ts';

const test = suite('golden weights');

test('the published check values', () => {
  assert.is(fnv1a32('1/gpt2-tiny/wte.weight'), 0x3df2d812);
  const values = goldenTensor(1, 'gpt2-tiny/', 'wte.weight', [3], 1);
  assert.equal([...values], [0.13351786136627197, 0.13348054885864258, -0.9381190538406372]);
});

test('scale and offset are applied in float32, in this order', () => {
  const u = goldenTensor(1, 'gpt2-tiny/', 'wte.weight', [5], 1);
  const values = goldenTensor(1, 'gpt2-tiny/', 'wte.weight', [5], 0.1, 1);
  const f = Math.fround;
  assert.equal(
    [...values],
    [...u].map((x) => f(f(x * f(0.1)) + f(1))),
  );
  assert.equal([...goldenTensor('1', '', 'logit_scale', [], 0, 4.605170185988092)], [f(4.605170185988092)]);
});

test('rules give every tensor with its shape', () => {
  const tensors = goldenTensors(1, 'gpt2-tiny/', { 'wte.weight': [[2, 3], 1, 0], b: [[0], 1, 0] });
  assert.equal([...tensors.keys()], ['wte.weight', 'b']);
  const { shape, data } = tensors.get('wte.weight')!;
  assert.equal(shape, [2, 3]);
  assert.is(data.length, 6);
  assert.is(data[2], -0.9381190538406372);
  assert.is(tensors.get('b')!.data.length, 0);
});

test.run();

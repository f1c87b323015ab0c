// Reading SPICE that another program computed.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { readSpice } from '../src/spice.ts';

const test = suite('spice');

test("the program's own output, with its NaN as 0", () => {
  const entry = (image_id: number, f: unknown) => ({ image_id, scores: { All: { pr: 1, re: 1, f } } });
  assert.equal(
    [...readSpice([entry(3, 0.25), entry(9, null)])],
    [
      ['3', 0.25],
      ['9', 0],
    ],
  );
});

test('values by image id', () => assert.equal([...readSpice({ 7: 0.5 })], [['7', 0.5]]));

test('anything else is refused by name', () => {
  assert.throws(() => readSpice([{ image_id: 1 }]), /entry 0 has no image_id or no scores\.All\.f/);
  assert.throws(() => readSpice({ 7: 'high' }), /image 7 is not a number/);
  assert.throws(() => readSpice('0.13'), /neither a list .* nor an object/);
});

test.run();

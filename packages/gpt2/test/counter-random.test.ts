// The random numbers behind sampling and initial weights.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { fillNormal, randomBits, randomUniform } from '../src/counter-random.ts';

const test = suite('counter-based random numbers');
const n = 20_000;

test('uniform: in [0, 1), with the mean, variance and spread of a uniform distribution', () => {
  for (const [seed, stream] of [
    [0, 0],
    [1, 0],
    [0, 1],
    [2 ** 31, 7],
  ]) {
    let sum = 0;
    let squares = 0;
    const bins = new Array<number>(16).fill(0);
    for (let i = 0; i < n; i++) {
      const u = randomUniform(seed, stream, i);
      assert.ok(u >= 0 && u < 1);
      sum += u;
      squares += u * u;
      bins[Math.floor(u * 16)]++;
    }
    assert.ok(Math.abs(sum / n - 1 / 2) < 5 * Math.sqrt(1 / 12 / n));
    assert.ok(Math.abs(squares / n - 1 / 3) < 5 * Math.sqrt(4 / 45 / n));
    // χ² of 15 degrees of freedom: above 45 about once in ten thousand.
    const chi = bins.reduce((total, count) => total + (count - n / 16) ** 2 / (n / 16), 0);
    assert.ok(chi < 45, `seed ${seed}, stream ${stream}: ${chi}`);
  }
});

test('seed, stream and counter each change about half of the bits', () => {
  const ones = (x: number): number => x.toString(2).replaceAll('0', '').length;
  for (const [seed, stream, counter] of [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ]) {
    let flipped = 0;
    for (let i = 0; i < 500; i++) {
      flipped += ones((randomBits(i, 3, 5) ^ randomBits(i + seed, 3 + stream, 5 + counter)) >>> 0);
    }
    assert.ok(Math.abs(flipped / 500 - 16) < 1, `${flipped / 500}`);
  }
});

test('normal: mean, variance, tails; the same again, and no other for another stream', () => {
  const values = new Float32Array(n + 1);
  fillNormal(values, { seed: 4, stream: 2, std: 2 });
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  assert.ok(Math.abs(mean) < (5 * 2) / Math.sqrt(n));
  assert.ok(Math.abs(variance - 4) < 5 * 4 * Math.sqrt(2 / n));
  const beyondTwoSigma = values.filter((x) => Math.abs(x) > 4).length / n;
  assert.ok(Math.abs(beyondTwoSigma - 0.0455) < 0.008, `${beyondTwoSigma}`);
  const again = new Float32Array(9);
  fillNormal(again, { seed: 4, stream: 2, std: 2 });
  assert.equal([...again], [...values.subarray(0, 8), again[8]]);
  fillNormal(again, { seed: 4, stream: 3, std: 2 });
  assert.is.not(again[0], values[0]);
});

test.run();

// The bootstrap against what theory says, and its determinism.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { bleu, bleuOf, sumBleuCounts } from '../src/bleu.ts';
import { bootstrapIntervals, pairedBootstrap, summariseSeeds } from '../src/bootstrap.ts';
import { bleuMeasures, meanMeasure } from '../src/measures.ts';
import { roundsTo, tiny } from './corpora.ts';

const test = suite('bootstrap');

const images = 400;
/** Values whose mean is 0.5 and whose standard deviation is 0.25, in a fixed order. */
const ofA = Array.from({ length: images }, (_, i) => (i % 2 === 0 ? 0.25 : 0.75));
const measure = (values: number[]) => meanMeasure('rouge-l', 'ROUGE-L', values);

test('the interval of a mean is about ± 1.96 standard errors', () => {
  const [{ low, high }] = bootstrapIntervals([measure(ofA)], images, { resamples: 4000 });
  const expected = 1.96 * (0.25 / Math.sqrt(images));
  assert.ok(Math.abs(0.5 - low - expected) < 0.1 * expected, `low ${low}`);
  assert.ok(Math.abs(high - 0.5 - expected) < 0.1 * expected, `high ${high}`);
});

test('a smaller level gives a narrower interval', () => {
  const [wide] = bootstrapIntervals([measure(ofA)], images);
  const [narrow] = bootstrapIntervals([measure(ofA)], images, { level: 0.5 });
  assert.ok(narrow.high - narrow.low < 0.5 * (wide.high - wide.low));
});

test('same seed, same interval; another seed, another one', () => {
  const interval = (seed: number) => bootstrapIntervals([measure(ofA)], images, { seed });
  assert.equal(interval(3), interval(3));
  assert.not.equal(interval(3), interval(4));
});

test('a difference of z standard errors has the p-value of the normal distribution', () => {
  // differences of ± 0.1 around 0.01: standard error 0.1 / √400 = 0.005, so z = 2 and p = 0.0455
  const ofB = ofA.map((value, i) => value + 0.01 + (i % 4 < 2 ? 0.1 : -0.1));
  const [result] = pairedBootstrap([measure(ofA)], [measure(ofB)], images, { resamples: 10_000 });
  roundsTo(result.difference, 0.01, { decimals: 12, what: 'difference' });
  assert.ok(Math.abs(result.pValue - 0.0455) < 0.01, `p ${result.pValue}`);
  assert.ok(result.interval.low > -0.002 && result.interval.low < 0.002, `low ${result.interval.low}`);
});

test('equal runs do not differ; runs that differ everywhere do', () => {
  const [same] = pairedBootstrap([measure(ofA)], [measure([...ofA])], images);
  assert.equal([same.difference, same.pValue, same.interval], [0, 1, { low: 0, high: 0 }]);
  const better = ofA.map((value) => value + 0.1);
  const [apart] = pairedBootstrap([measure(ofA)], [measure(better)], images, { resamples: 999 });
  assert.is(apart.pValue, 1 / 1000);
  const [back] = pairedBootstrap([measure(better)], [measure(ofA)], images, { resamples: 999 });
  roundsTo(back.difference, -apart.difference, { decimals: 12, what: 'turned round' });
});

test('BLEU on a resample is BLEU of the repeated images', () => {
  const { counts } = bleu(tiny.hypotheses, tiny.references);
  const [, , , bleu4] = bleuMeasures(counts);
  const twice = bleu(
    [0, 0, 2].map((i) => tiny.hypotheses[i]),
    [0, 0, 2].map((i) => tiny.references[i]),
  );
  assert.is(bleu4.resampled([2, 0, 1]), twice.bleu[3]);
  assert.is(bleu4.resampled([1, 1, 1]), bleuOf(sumBleuCounts(counts))[3]);
});

test('measures that only one run has are left out', () => {
  const spice = meanMeasure('spice', 'SPICE (imported)', ofA);
  const results = pairedBootstrap([measure(ofA), spice], [measure(ofA)], images, { resamples: 10 });
  assert.equal(
    results.map(({ name }) => name),
    ['rouge-l'],
  );
});

test('wrong settings are refused', () => {
  assert.throws(() => bootstrapIntervals([], 1, { resamples: 1 }), /at least 2, not 1/);
  assert.throws(() => bootstrapIntervals([], 1, { level: 95 }), /between 0 and 1, not 95/);
});

test('mean and standard deviation over seeds', () => {
  assert.equal(summariseSeeds([1, 2, 3]), { mean: 2, standardDeviation: 1, runs: 3 });
  assert.equal(summariseSeeds([5]), { mean: 5, standardDeviation: null, runs: 1 });
  assert.throws(() => summariseSeeds([]), /no value/);
});

test.run();

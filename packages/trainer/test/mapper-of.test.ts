// Which mapper the flags --prefix, --mapper and --clip-length ask for.
import { parseFlags } from '@foreword/cli-kit';
import { mapperShapes, resolveMapperConfig } from '@foreword/prefix-mapper';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { mapperConfigOf } from '../src/train/mapper-of.ts';
import { toSettings, trainFlags } from '../src/train/settings.ts';

const test = suite('mapper of settings');

const configOf = (...argv: string[]) =>
  resolveMapperConfig(
    mapperConfigOf(toSettings(parseFlags(argv, trainFlags).values), { featureSize: 128, embeddingSize: 128 }),
  );
const countOf = (...argv: string[]): number =>
  [...mapperShapes(configOf(...argv)).values()].reduce(
    (sum, shape) => sum + shape.reduce((product, n) => product * n, 1),
    0,
  );

test('the fixed-width MLP keeps its parameters where the MLP grows with the square of P', () => {
  const fixed = [1, 10, 20, 40].map((P) => countOf('--mapper', 'mlp-fixed', '--prefix', String(P)));
  assert.ok(
    fixed.every((count) => Math.abs(count / fixed[1] - 1) < 3e-3),
    fixed.join(' '),
  );
  assert.is(fixed[1], countOf('--prefix', '10'));
  assert.ok(countOf('--prefix', '20') > 3 * fixed[2]);
  assert.equal(configOf('--mapper', 'mlp-fixed', '--prefix', '10'), configOf('--prefix', '10'));
});

test('--clip-length is C of a transformer, P when left out; other mappers have none', () => {
  assert.is(configOf('--mapper', 'transformer', '--prefix', '20').clipLength, 20);
  assert.is(configOf('--mapper', 'transformer', '--prefix', '20', '--clip-length', '10').clipLength, 10);
  assert.is(configOf('--mapper', 'linear').type, 'linear');
  assert.throws(() => configOf('--clip-length', '10'), /--clip-length goes with --mapper transformer/);
});

test.run();

// Damaged safetensors files and shard indices: read or refused with SafetensorsError, and nothing else.
import { mutateBytes, mutateJson, randomFrom, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  bytesSource,
  openSafetensors,
  openShardedSafetensors,
  writeSafetensors,
  type TensorFile,
} from '../src/safetensors/index.ts';
import { fileOf } from './safetensors-samples.ts';

const test = suite('safetensors fuzz');

const CASES = 4000;

const good = writeSafetensors(
  [
    { name: 'a', dtype: 'F32', shape: [2, 1], data: Float32Array.of(1, 2) },
    { name: 'b', dtype: 'I64', shape: [2], data: BigInt64Array.of(1n, 2n) },
    { name: 'c', dtype: 'F16', shape: [], data: Uint16Array.of(0x3c00) },
  ],
  { format: 'pt' },
);
const headerLength = Number(new DataView(good.buffer).getBigUint64(0, true));
const header: unknown = JSON.parse(new TextDecoder().decode(good.subarray(8, 8 + headerLength)));
const dataBytes = good.length - 8 - headerLength;

async function readAll(file: TensorFile): Promise<void> {
  for (const name of file.names()) {
    const { shape, begin, end } = file.info(name);
    const { data } = await file.read(name);
    assert.is(data.byteLength, end - begin);
    assert.is(
      data.length,
      shape.reduce((a, b) => a * b, 1),
    );
  }
}

/** Number of cases that were refused. */
async function countRefused(damage: (random: () => number) => Promise<void>, seed: number): Promise<number> {
  const random = randomFrom(seed);
  let refused = 0;
  for (let n = 0; n < CASES; n++) {
    try {
      await damage(random);
    } catch (error) {
      assert.is((error as Error).name, 'SafetensorsError', `case ${n}: ${String(error)}`);
      refused++;
    }
  }
  return refused;
}

test('bytes of the file', async () => {
  const refused = await countRefused(
    async (random) => readAll(await openSafetensors(bytesSource(mutateBytes(good, random), 'x'))),
    1,
  );
  assert.ok(refused > CASES / 2 && refused < CASES, `${refused} refused`);
});

test('values of the header', async () => {
  const refused = await countRefused(async (random) => {
    const text = JSON.stringify(mutateJson(header, random)) ?? '';
    await readAll(await openSafetensors(bytesSource(fileOf(text, dataBytes), 'x')));
  }, 2);
  assert.ok(refused > CASES / 2 && refused < CASES, `${refused} refused`);
});

test('values of a shard index', async () => {
  const index = { metadata: { total_size: 26 }, weight_map: { a: 's1', b: 's1', c: 's1' } };
  const refused = await countRefused(async (random) => {
    const damaged = mutateJson(index, random);
    const given = random() < 0.5 ? damaged : JSON.stringify(damaged);
    await readAll(await openShardedSafetensors(given, () => bytesSource(good, 's1')));
  }, 3);
  assert.ok(refused > CASES / 10 && refused < CASES, `${refused} refused`);
});

test.run();

// A real checkpoint in Hugging Face's names with published results; needs the data folder, says so without it.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { allClose, failOnGpuErrors, suite } from '@foreword/test-kit';
import { bytesSource, openDevice, openSafetensors, type Device } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import {
  allLogits,
  DecodeSession,
  Gpt2Generator,
  loadGpt2,
  type DecodeMethod,
  type Gpt2,
} from '../../src/index.ts';
import { idTensor } from '../tiny-model.ts';
import { dataFolder, isThere } from './data-folder.ts';

interface Search {
  input_ids: number[][];
  max_length: number;
  expected: number[][];
}

interface Golden {
  config: Record<string, number>;
  greedy: Search;
  beam: Search & { num_beams: number; length_penalty: number };
  logits_every_200: { prompt: number[]; after_first_token: number[]; tolerance: number };
}

const test = suite('tiny-random-gpt2', { timeLimitSeconds: 300 });
const folder = join(dataFolder, 'tiny-random-gpt2');

let device: Device;
let model: Gpt2;
let golden: Golden;

test.before(async () => {
  device = await openDevice();
  golden = JSON.parse(await readFile(join(folder, 'golden.json'), 'utf8')) as Golden;
  const weights = await openSafetensors(bytesSource(await readFile(join(folder, 'model.safetensors'))));
  model = await loadGpt2(device, { config: { ...golden.config, eos_token_id: golden.config.eos }, weights });
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => model?.device.close());

async function search({ input_ids, max_length }: Search, decode: DecodeMethod): Promise<number[][]> {
  const [N, P] = [input_ids.length, input_ids[0].length];
  const generator = new Gpt2Generator(model);
  const results = await device.scope(() => {
    const prefix = model.embed(idTensor(device, input_ids.flat(), [N, P]));
    return generator.generate({
      prefix,
      decode,
      stop: [model.config.eos_token_id],
      maxTokens: max_length - P,
    });
  });
  generator.dispose();
  return results.map(({ ids }, item) => [...input_ids[item], ...ids]);
}

if (isThere(folder, 'the tiny-random-gpt2 checkpoint')) {
  test('greedy', async () =>
    assert.equal(await search(golden.greedy, { method: 'greedy' }), golden.greedy.expected));

  test('beam search with a length exponent', async () => {
    const { num_beams: beams, length_penalty: power } = golden.beam;
    const decode: DecodeMethod = { method: 'beam', beams, length: { power }, finished: 'apart' };
    assert.equal(await search(golden.beam, decode), golden.beam.expected);
  });

  test('logits after the prompt and after one cached step', async () => {
    const { input_ids, expected } = golden.greedy;
    const { prompt, after_first_token, tolerance } = golden.logits_every_200;
    const session = await DecodeSession.open(
      model,
      { items: 2, prefixRows: 4, rowsPerItem: 1, maxTokens: 6 },
      allLogits,
    );
    const sampled = (values: Float32Array): number[] => [...values].filter((_, i) => i % 200 === 0);
    const first = await device.scope(() =>
      session.prefill(model.embed(idTensor(device, input_ids.flat(), [2, 4]))),
    );
    allClose(sampled(first.values), prompt, { atol: tolerance, rtol: 0 });
    const second = await session.step(Uint32Array.from(expected, (ids) => ids[4]));
    allClose(sampled(second.values), after_first_token, { atol: tolerance, rtol: 0 });
    session.dispose();
  });
}

test.run();

// config.json and the names in checkpoints: what is read, what is filled in, what is refused.
import { memoryTensors } from '@foreword/nn';
import { suite } from '@foreword/test-kit';
import { openDevice, type Device } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import {
  gpt2ConfigJson,
  loadGpt2,
  parameterShapes,
  parseGpt2Config,
  type Gpt2ConfigInput,
} from '../src/index.ts';

const test = suite('configuration and names');

let device: Device;
test.before(async () => {
  device = await openDevice();
});
test.after(() => device.close());

const small = { vocab_size: 10, n_positions: 8, n_embd: 4, n_layer: 2, n_head: 2 };
const config = parseGpt2Config(small);

/** gpt2's own config.json, shortened by keys that change nothing. */
const gpt2Json = {
  activation_function: 'gelu_new',
  architectures: ['GPT2LMHeadModel'],
  bos_token_id: 50256,
  embd_pdrop: 0.1,
  eos_token_id: 50256,
  initializer_range: 0.02,
  layer_norm_epsilon: 1e-5,
  model_type: 'gpt2',
  n_ctx: 1024,
  n_embd: 768,
  n_head: 12,
  n_layer: 12,
  n_positions: 1024,
  vocab_size: 50257,
};

test('gpt2’s own file: 124,439,808 parameters', () => {
  let count = 0;
  for (const shape of parameterShapes(parseGpt2Config(gpt2Json)).values())
    count += shape.reduce((a, b) => a * b, 1);
  assert.is(count, 124_439_808);
});

test('defaults are Hugging Face’s; n_ctx stands for n_positions', () => {
  const { n_positions: _, ...rest } = small;
  const parsed = parseGpt2Config({ ...rest, n_ctx: 8 });
  assert.equal(parsed, config);
  assert.is(parsed.n_inner, 16);
  assert.is(parsed.eos_token_id, 9);
  assert.is(parsed.layer_norm_epsilon, 1e-5);
});

test('what is written is read back, with Hugging Face’s keys', () => {
  const text = gpt2ConfigJson({ ...config, embd_pdrop: 0 });
  const json = JSON.parse(text) as Record<string, unknown>;
  assert.is(json.model_type, 'gpt2');
  assert.is(json.n_ctx, 8);
  assert.is(json.n_inner, null);
  assert.equal(parseGpt2Config(json), { ...config, embd_pdrop: 0 });
});

test('configurations that would compute something else are refused', () => {
  const refused: [Gpt2ConfigInput, string][] = [
    [{ model_type: 'llama' }, 'model_type is "llama"'],
    [{ n_layer: 0 }, 'n_layer is 0; a whole number from 1'],
    [{ n_layer: 2 ** 53 }, 'n_layer is 9007199254740992; at most 10000'],
    [{ vocab_size: 2 ** 31 }, 'vocab_size is 2147483648; at most 2147483647'],
    [{ n_head: 3 }, 'n_embd 4 is not divisible by n_head 3'],
    [{ activation_function: 'swish' }, 'supported: gelu_new, gelu, relu, tanh'],
    [{ tie_word_embeddings: false }, 'tie_word_embeddings is false; only true'],
    [{ scale_attn_by_inverse_layer_idx: true }, 'scale_attn_by_inverse_layer_idx is true'],
    [{ embd_pdrop: 1 }, 'embd_pdrop is 1'],
    [{ vocab_size: '10' }, 'vocab_size is "10"; a whole number'],
    [{ n_positions: undefined }, 'n_positions is missing; a whole number'],
    [{ bos_token_id: -1 }, 'bos_token_id is -1'],
  ];
  for (const [change, message] of refused) {
    assert.throws(
      () => parseGpt2Config({ ...small, ...change }),
      (error: Error) => error.message.includes(message),
      message,
    );
  }
  for (const json of [null, [], 'gpt2', 1])
    assert.throws(
      () => parseGpt2Config(json as unknown as Gpt2ConfigInput),
      (error: Error) => error.name === 'Gpt2ConfigError' && error.message.includes('is no JSON object'),
    );
});

type Entry = readonly [string, readonly number[]];
const plain = [...parameterShapes(config)] as Entry[];
/** Loads a checkpoint with these names and shapes; the number of its parameters, or what was refused. */
async function loads(entries: readonly Entry[]): Promise<string> {
  const tensors = entries.map(([name, shape]) => {
    const data = new Float32Array(shape.reduce((product, n) => product * n, 1));
    return [name, { shape, data }] as const;
  });
  try {
    const model = await loadGpt2(device, { config: { ...config }, weights: memoryTensors(new Map(tensors)) });
    model.dispose();
    return `${model.namedParameters().size} parameters`;
  } catch (error) {
    return (error as Error).message;
  } finally {
    assert.is(device.stats.liveBytes, 0, 'nothing stays on the GPU');
  }
}

test('prefixes of head models, ClipCap and DataParallel are tolerated', async () => {
  for (const prefix of ['', 'transformer.', 'gpt.transformer.', 'module.gpt.transformer.'])
    assert.is(
      await loads(plain.map(([name, shape]) => [prefix + name, shape])),
      `${plain.length} parameters`,
      prefix,
    );
});

test('mask buffers, the tied head and other models’ tensors are left alone', async () => {
  const more: Entry[] = [
    ['gpt.transformer.h.0.attn.bias', [1, 1, 8, 8]],
    ['gpt.transformer.h.1.attn.masked_bias', []],
    ['gpt.lm_head.weight', [10, 4]],
    ['lm_head.weight', [10, 4]],
    ['clip_project.model.0.weight', [3, 3]],
  ];
  const entries = [...plain.map(([name, shape]) => [`gpt.transformer.${name}`, shape] as const), ...more];
  assert.is(await loads(entries), `${plain.length} parameters`);
});

test('a checkpoint of another model is refused with all differences', async () => {
  assert.match(await loads(plain.slice(1)), /missing in the file: wte\.weight \[10, 4\]$/);
  assert.match(await loads(plain.slice(0, 3)), /missing in the file: h\.0\.ln_1\.bias \[4\], .*and 17 more$/);
  assert.match(
    await loads([...plain, ['transformer.h.2.ln_1.weight', [4]]]),
    'unknown to the model: transformer.h.2.ln_1.weight',
  );
  assert.match(
    await loads([...plain, ['transformer.wte.weight', [10, 4]]]),
    'are both the parameter wte.weight',
  );
  const transposed = plain.map(
    ([name, shape]) => [name, name.endsWith('c_fc.weight') ? [16, 4] : shape] as const,
  );
  assert.match(
    await loads(transposed),
    'other shape: h.0.mlp.c_fc.weight is [16, 4] in the file, but [4, 16] in the model',
  );
});

test.run();

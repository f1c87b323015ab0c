// Commands with models by their names, as processes, against a hub on 127.0.0.1: models, zero-shot, caption --mapper.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkpointEntries, createMapper } from '@foreword/prefix-mapper';
import { colours, describeScene, drawScene, encodePicture } from '@foreword/scenes';
import { openDevice } from '@foreword/tensor/node';
import { HubSandbox, noise, suite } from '@foreword/test-kit';
import { stateDictFile } from '@foreword/test-kit/torch';
import * as assert from 'uvu/assert';
import { backbonesRoot } from '../src/data/repository.ts';
import { answer } from './run-trainer.ts';
import { makeTinyWorld, picture, type TinyWorld } from './tiny-world.ts';

const test = suite('commands with models by name', { timeLimitSeconds: 120 });
const sandbox = HubSandbox.in(test);
let world: TinyWorld;
/** ClipCap's checkpoint for the tiny world's models: a mapper alone. */
let checkpoint: Uint8Array;

test.before(async () => {
  world = await makeTinyWorld();
  const device = await openDevice();
  const sizes = { type: 'mlp', prefixLength: 2, featureSize: 16, embeddingSize: 32 } as const;
  const entries = await checkpointEntries(createMapper(device, sizes, { seed: 1 }));
  checkpoint = stateDictFile(
    entries.map(({ name, shape, data }) => [name, { shape, data: data as Float32Array }]),
  );
  device.close();
});
test.after(() => rm(world.root, { recursive: true }));

async function serve(id: string, folder: string, more: string[] = []): Promise<void> {
  const files: Record<string, { bytes: Uint8Array; large?: boolean }> = {};
  for (const name of ['config.json', 'model.safetensors', ...more])
    files[name] = { bytes: await readFile(join(folder, name)), large: name === 'model.safetensors' };
  sandbox.server.add(id, files);
}

test('models lists what is known; get fetches, once, and the list then says how large it is', async () => {
  const before = await answer('models', []);
  assert.is(before.code, 0, before.text);
  assert.match(before.stdout, /^gpt2 +GPT-2 +124 M +548 MB +–$/m);
  assert.match(before.stdout, `cache: ${sandbox.path('hub')}`);

  sandbox.server.add('openai/clip-vit-base-patch32', {
    'config.json': { bytes: noise(20) },
    'model.safetensors': { bytes: noise(3_000_000), large: true },
  });
  const got = await answer('models', ['get', 'ViT-B/32']);
  assert.is(got.code, 0, got.text);
  assert.match(got.stdout, /^ViT-B\/32: config\.json, model\.safetensors\n {2}in .*snapshots/);
  assert.match(got.stderr, /^model\.safetensors 3\/3 /m);
  const asked = sandbox.server.seen.length;
  assert.is((await answer('models', ['get', 'openai/clip-vit-base-patch32'])).code, 0);
  assert.is(sandbox.server.seen.length, asked, 'the second time makes no request');
  const after = await answer('models', []);
  assert.match(after.stdout, /^openai\/clip-vit-base-patch32 +CLIP +151 M +605 MB +3 MB$/m);
  const json = JSON.parse((await answer('models', ['--json'])).stdout) as {
    cached: { name: string; sizeBytes: number }[];
  };
  assert.equal(
    json.cached.map(({ name }) => name),
    ['openai/clip-vit-base-patch32'],
  );
  assert.ok(json.cached[0].sizeBytes >= 3_000_020 && json.cached[0].sizeBytes < 3_000_100);
});

test('models shows cut downloads and files from URLs; the offline cure is the command that fetches', async () => {
  const blobs = sandbox.path('hub/models--gpt2/blobs');
  await mkdir(blobs, { recursive: true });
  await writeFile(join(blobs, `${'a'.repeat(64)}.incomplete`), noise(2_000_000));
  sandbox.server.plain.set('/files/RN50.pt', { bytes: checkpoint, etag: '"1"' });
  assert.is((await answer('models', ['get', `${sandbox.server.endpoint}/files/RN50.pt`])).code, 0);
  const { stdout } = await answer('models', []);
  assert.match(stdout, /^gpt2 .* 2 MB, 2 MB of it unfinished$/m);
  assert.match(stdout, /^RN50\.pt +from a URL +\d+ kB$/m);

  const offline = await answer('caption', ['x.png', '--mapper', await mapperFile(), '--gpt2', 'gpt2-large'], {
    env: { HF_HUB_OFFLINE: '1' },
  });
  assert.is(offline.code, 1, offline.text);
  assert.match(offline.stderr, /gpt2-large: .* is not in the cache/);
  assert.match(offline.stderr, /cure: fetch it once without HF_HUB_OFFLINE: pnpm models get gpt2-large$/m);
});

const mapperFile = async (): Promise<string> => {
  const path = sandbox.path('coco_prefix-009.pt');
  await writeFile(path, checkpoint);
  return path;
};

test('caption --clip --gpt2 --mapper captions as the same models from folders do', async () => {
  await serve('openai/clip-vit-base-patch32', join(world.backbones, 'clip'));
  await serve('gpt2', join(world.backbones, 'gpt2'), ['tokenizer.json']);
  const image = sandbox.path('photo.png');
  await writeFile(image, picture(1));
  const mapper = await mapperFile();
  const args = [image, '--mapper', mapper, '--max-tokens', '6', '--json'];
  const named = await answer('caption', [
    ...args,
    '--clip',
    'openai/clip-vit-base-patch32',
    '--gpt2',
    'gpt2',
  ]);
  assert.is(named.code, 0, named.text);
  const folders = ['--clip', join(world.backbones, 'clip'), '--gpt2', join(world.backbones, 'gpt2')];
  assert.is((await answer('caption', [...args, ...folders])).stdout, named.stdout);
  const { caption, image: shown } = JSON.parse(named.stdout) as { caption: string; image: string };
  assert.is(shown, image);
  assert.ok(caption.length > 0);
});

test('train --clip --gpt2 trains with models by their names, and its run captions with them, offline', async () => {
  await serve('openai/clip-vit-base-patch32', join(world.backbones, 'clip'));
  await serve('gpt2', join(world.backbones, 'gpt2'), ['tokenizer.json']);
  const run = sandbox.path('run');
  const flags = '--prefix 2 --batch 8 --epochs 1 --clip ViT-B/32 --gpt2 gpt2';
  const args = [...flags.split(' '), '--dataset', world.dataset, '--out', run];
  const env = { FOREWORD_CACHE: world.cache };
  const trained = await answer('train', args, { env });
  assert.is(trained.code, 0, trained.text);
  const record = JSON.parse(await readFile(join(run, 'config.json'), 'utf8')) as { backbones: unknown };
  assert.equal(record.backbones, { clip: 'openai/clip-vit-base-patch32', gpt2: 'gpt2' });

  const image = sandbox.path('photo.png');
  await writeFile(image, picture(1));
  const offline = { ...env, HF_HUB_OFFLINE: '1' };
  const captioned = await answer('caption', [image, '--run', run], { env: offline });
  assert.is(captioned.code, 0, captioned.text);
  const resumed = await answer('train', ['--resume', run], { env: offline });
  assert.is(resumed.code, 0, resumed.text);
  const file = await answer('train', [...args.slice(0, -1), `${run}-2`, '--gpt2', 'x.pt'], { env });
  assert.is(file.code, 2, file.text);
  assert.match(file.stderr, 'x.pt is a single file');
});

/** A drawn picture of one group, and sentences about it of which the first is right. */
function drawing(): { png: Uint8Array; colours: string[]; noun: string } {
  for (let index = 0; ; index++) {
    const scene = describeScene({ seed: 1, split: 'test', index });
    const [group] = scene.groups;
    if (scene.groups.length > 1 || group.count > 1) continue;
    const others = colours.map(({ name }) => name).filter((name) => name !== group.colour);
    return {
      png: encodePicture(drawScene(scene), 'png'),
      colours: [group.colour, others[0], others[3]],
      noun: group.kind,
    };
  }
}

test('zero-shot finds the colour of a drawn picture with the embedded CLIP, and with the same one by name', async () => {
  const { png, colours: names, noun } = drawing();
  const image = sandbox.path('drawing.png');
  await writeFile(image, png);
  const args = [image, '--labels', [names[1], names[0], names[2]].join(', '), '--template', `A {} ${noun}.`];
  const table = await answer('zero-shot', args);
  assert.is(table.code, 0, table.text);
  assert.is(table.stdout.split('\n')[0], image);
  assert.match(table.stdout.split('\n')[1], new RegExp(`^ {2}${names[0]} +\\d+\\.\\d %$`));
  await serve('openai/clip-vit-base-patch32', join(backbonesRoot, 'clip'), ['tokenizer.json']);
  const named = await answer('zero-shot', [...args, '--clip', 'ViT-B/32', '--json']);
  assert.is(named.code, 0, named.text);
  const { label, probabilities } = JSON.parse(named.stdout) as {
    label: string;
    probabilities: Record<string, number>;
  };
  assert.is(label, names[0]);
  const sum = Object.values(probabilities).reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(sum - 1) < 1e-4, String(sum));
  assert.ok(probabilities[names[0]] > 0.9);
});

const refusals: [what: string, command: string, args: string[], code: number, ...words: string[]][] = [
  ['an unknown word', 'models', ['gte', 'gpt2'], 2, 'unknown word "gte"'],
  ['get without a name', 'models', ['get'], 2, 'get needs the name of a model'],
  ['a revision for a list', 'models', ['--revision', 'main'], 2, 'go with'],
  ['a model that is not there', 'models', ['get', 'no/such'], 1, 'no/such', 'cure:'],
  ['a ResNet without a file', 'models', ['get', 'RN50x4'], 1, 'has no repository', 'RN50x4.pt'],
  [
    'a name that is none',
    'models',
    ['get', 'a b'],
    1,
    'is no model name',
    'cure: a folder is written with ./',
  ],
  ['no labels', 'zero-shot', ['x.png'], 2, '--labels is missing'],
  ['a template without a place', 'zero-shot', ['x.png', '--labels', 'a', '--template', 'b'], 2, 'has no {}'],
  ['a picture that is not there', 'zero-shot', ['none.png', '--labels', 'a,b'], 1, 'there is no such file'],
  ['--run with --mapper', 'caption', ['x.png', '--run', 'a', '--mapper', 'b.pt'], 2, 'exclude each other'],
  ['--clip with a run', 'caption', ['x.png', '--clip', 'a'], 2, 'go with --mapper'],
  ['a checkpoint that is not there', 'caption', ['x.png', '--mapper', 'none.pt'], 1, 'there is no none.pt'],
];
for (const [what, command, args, code, ...words] of refusals) {
  test(`${command} refuses ${what}`, async () => {
    const got = await answer(command, args);
    assert.is(got.code, code, got.text);
    for (const word of words) assert.match(got.text, word);
    assert.not.match(got.text, 'FOREWORD_DEBUG');
  });
}

for (const command of ['models', 'zero-shot']) {
  test(`${command} --help describes its flags`, async () => {
    const got = await answer(command, ['--help']);
    assert.is(got.code, 0);
    assert.match(got.text, '--json');
  });
}

test.run();

// What Python's pickle module itself wrote: read as Python means it, and its calls refused.
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { bytesSource } from '@foreword/tensor';
import { suite } from '@foreword/test-kit';
import { openTorchFile, readClipCapFeatures, readPickle, type PickledBytes } from '../src/index.ts';
import { pythonPickles, pythonTorch } from './python-pickles.ts';
import { refusesFile } from './refuses.ts';

const test = suite('python pickles');

const read = (bytes: Uint8Array) => readPickle(bytesSource(bytes, 'x.pkl'));

for (const protocol of ['2', '3', '4'] as const) {
  test(`plain data of protocol ${protocol}`, async () => {
    const dict = (await read(pythonPickles[`plain${protocol}`])) as Map<unknown, unknown>;
    assert.instance(dict, Map);
    const bytes = (dict.get('bytes') ?? []) as PickledBytes[];
    assert.is(bytes.length, protocol === '2' ? 0 : 2);
    if (bytes.length > 0) {
      assert.equal([...(await bytes[0].read())], [0, 255]);
      assert.equal(await bytes[1].read(), new Uint8Array(300));
    }
    dict.delete('bytes');
    assert.equal(
      [...dict],
      [
        ['none', null],
        ['flags', [true, false]],
        ['ints', [0, 255, 256, 65535, 65536, -1, -(2 ** 31), 2 ** 31, -(2n ** 63n), 2n ** 70n, -(2n ** 70n)]],
        ['floats', [0.5, -1e300, Infinity]],
        ['text', 'a côté 😀'],
        ['long text', 'x'.repeat(300)],
        ['tuples', [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]],
        ['empty', [[], new Map(), []]],
        [7, 'int key'],
        ['shared', [['same list'], ['same list']]],
      ],
    );
    const [first, second] = dict.get('shared') as unknown[];
    assert.is(first, second, 'one list, named twice');
    assert.ok(Object.isFrozen(dict.get('floats')), 'a tuple');
    assert.not(Object.isFrozen(dict.get('flags')), 'a list');
  });
}

test('OrderedDicts and an empty set', async () => {
  for (const bytes of [pythonPickles.ordered2, pythonPickles.ordered4])
    assert.equal(
      await read(bytes),
      new Map<string, unknown>([
        ['a', 1],
        ['b', [2]],
      ]),
    );
  assert.equal(await read(pythonPickles.emptySet4), new Set());
});

test('a call of anything else is refused by its name and position, and nothing runs', async () => {
  await refusesFile(
    pythonPickles.system2,
    /^x\.pt: pickle, byte 2: names "posix\.system", which is none of the classes.*Nothing of a file is ever executed/,
  );
  await refusesFile(pythonPickles.system4, /^x\.pt: pickle, byte 28: names "posix\.system"/);
  await refusesFile(pythonPickles.eval3, /names "builtins\.eval"/);
});

test('a list within itself, and a set with elements', async () => {
  await refusesFile(pythonPickles.loop4, /a value contains itself/);
  await refusesFile(pythonPickles.set4, /byte 18: the instruction ADDITEMS \(0x90\) is not among those/);
});

test('state dicts that Python pickled with stand-ins for torch', async () => {
  for (const bytes of [pythonTorch.archive, pythonTorch.legacy]) {
    const file = await openTorchFile(bytesSource(bytes, 'x.pt'));
    assert.equal(file.names(), ['wte.weight', 'head.weight', 'scale']);
    assert.equal(file.info('head.weight').shape, [3, 2]);
    assert.equal([...(await file.readAsF32('wte.weight'))], [1, 2, 3, 4, 5, 6]);
    assert.equal([...(await file.readAsF32('head.weight'))], [1, 4, 2, 5, 3, 6]);
    assert.equal([...(await file.readAsF32('scale'))], [0.5, -2]);
    assert.is(file.tensor('wte.weight').storage, file.tensor('head.weight').storage);
  }
});

test('ClipCap features that Python pickled with stand-ins for torch', async () => {
  for (const bytes of [pythonTorch.clipCap3, pythonTorch.clipCap4]) {
    const { clip_embedding, captions } = await readClipCapFeatures(bytesSource(bytes, 'x.pkl'));
    assert.equal([...(await clip_embedding.readAsF32())], [1, 2, 3, 4]);
    assert.equal(captions, [
      { caption: 'A man.', clip_embedding: 0, image_id: 391895, id: 1 },
      { caption: 'A dog.', clip_embedding: 1, image_id: 391895, id: 2 },
    ]);
  }
});

const golden = (name: string) => readFileSync(new URL(`golden/python2-${name}.pkl`, import.meta.url));

for (const module of ['pickle', 'cPickle']) {
  for (const protocol of [0, 1, 2]) {
    test(`Python 2, ${module}, protocol ${protocol}`, async () => {
      assert.equal(await read(golden(`plain-${protocol}-${module}`)), [
        1,
        -2,
        3,
        2n ** 70n,
        // Protocols 0 and 1 of Python 2 write them as numbers with a leading 0.
        true,
        false,
        null,
        1e300,
        Infinity,
        [],
        [],
        new Map(),
      ]);
      const words = ['a', 'café', "don't", '"so"', "'n' \"\\\n", 'café 猫'];
      const wanted = new Map(
        words.flatMap((word, i): [string, number][] => [
          [word, i + 1],
          [`a|${word}`, 0.5],
        ]),
      );
      const flat = (dict: unknown) =>
        new Map([...(dict as Map<string[], number>)].map(([key, count]) => [key.join('|'), count]));
      const sorted = (dict: Map<string, number>) => [...dict].sort(([a], [b]) => (a < b ? -1 : 1));
      const counts = flat(await read(golden(`frequencies-${protocol}-${module}`)));
      assert.equal(sorted(counts), sorted(wanted));
      const table = (await read(golden(`table-${protocol}-${module}`))) as Map<string, unknown>;
      assert.is(table.get('ref_len'), 40504);
      assert.equal(sorted(flat(table.get('document_frequency'))), sorted(wanted));
    });
  }
}

test.run();

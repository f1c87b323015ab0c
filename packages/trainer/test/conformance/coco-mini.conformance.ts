// Real photographs through the COCO path: features on two shards, one short training with the embedded backbones, a scored
// table, the same scores by `pnpm score`, a caption. FOREWORD_TEST_DATA names the data folder.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCaptionData } from '@foreword/caption-data';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import type { Sample, TestScores } from '../../src/train/score-test.ts';
import { answer } from '../run-trainer.ts';

const data =
  process.env.FOREWORD_TEST_DATA ?? fileURLToPath(new URL('../../../../../shared/data', import.meta.url));
const coco = join(data, 'coco-mini');

if (!existsSync(coco)) console.log(`SKIPPED coco-mini: ${coco} does not exist (set FOREWORD_TEST_DATA)`);
else {
  const test = suite('conformance coco-mini', { timeLimitSeconds: 600 });
  let root: string;
  const run = (command: string, ...args: string[]) =>
    answer(command, args, { env: { FOREWORD_CACHE: join(root, 'cache') } });
  test.before(async () => {
    root = await mkdtemp(join(tmpdir(), 'foreword-coco-mini-'));
  });
  test.after(async () => await rm(root, { recursive: true }));

  test('every picture and caption of the two files is read', async () => {
    const { splits, skipped, summary } = await openCaptionData(coco);
    assert.match(summary, '26 train, 85 val, 85 test pictures with 555 captions; nothing left out');
    assert.equal(skipped, []);
    const json = JSON.parse(await readFile(join(coco, 'annotations/captions_val2017.json'), 'utf8')) as {
      images: { id: number; file_name: string }[];
      annotations: { image_id: number; caption: string }[];
    };
    const sorted = (texts: string[]): string[] => texts.sort();
    for (const [i, { id, path, captions }] of splits.val.entries()) {
      assert.is(id, json.images[i].id);
      assert.is(path, join(coco, 'val2017', json.images[i].file_name));
      const own = json.annotations.filter(({ image_id }) => image_id === id);
      assert.equal(
        sorted([...captions]),
        sorted(own.map(({ caption }) => caption.trim().replace(/\s+/g, ' '))),
      );
    }
  });

  test('features by shards, a training on them, scores, a caption', async () => {
    for (const shard of ['1/2', '2/2']) {
      const part = await run(
        'features',
        '--dataset',
        `coco:${coco}`,
        '--out',
        join(root, 'f'),
        '--shard',
        shard,
        '--chunk',
        '16',
      );
      assert.is(part.code, 0, part.text);
      assert.match(part.stdout, '0 unreadable');
    }
    const merged = await run('features', 'merge', join(root, 'f'));
    assert.match(merged.stdout, /^train: 26 features, 0 .*\nval: 85 features, 0 /, merged.text);
    const out = join(root, 'run');
    const flags = ['--prefix', '2', '--batch', '4', '--epochs', '1', '--max-steps', '4'];
    const trained = await run('train', '--dataset', `coco:${coco}`, ...flags, '--out', out);
    assert.is(trained.code, 0, trained.text);
    assert.not.match(trained.stderr, 'CLIP features', 'the merged features are taken');
    assert.match(trained.stderr, /dataset: coco .*: 26 train, 85 val, 85 test/);
    assert.match(trained.stdout, /BLEU-1 +BLEU-2 +BLEU-3 +BLEU-4 +ROUGE-L +CIDEr\n(?: *\d+\.\d\d){6}\n/);
    const { scores } = JSON.parse(await readFile(join(out, 'summary.json'), 'utf8')) as {
      scores: TestScores;
    };
    assert.is(scores.pictures, 85);
    assert.ok(scores.bleu[0] > 0 && scores.bleu[0] < 1, String(scores.bleu[0]));
    const samples = (await readFile(join(out, 'samples.jsonl'), 'utf8')).trim().split('\n');
    const first = JSON.parse(samples[0]) as Sample;
    assert.is(samples.length, 85);
    assert.is(first.references.length, 5);
    assert.is(dirname(first.picture), join(coco, 'val2017'));
    // pnpm score, with COCO's own file for the references, comes to the same table.
    const json = join(root, 'scores.json');
    const references = join(coco, 'annotations/captions_val2017.json');
    const scored = await run(
      '../../../bench/src/commands/score',
      join(out, 'samples.jsonl'),
      references,
      '--json',
      json,
    );
    assert.is(scored.code, 0, scored.text);
    assert.match(scored.stdout, 'samples.jsonl: 85 images');
    const { scores: again } = JSON.parse(await readFile(json, 'utf8')) as {
      scores: { name: string; value: number }[];
    };
    const valueOf = (wanted: string): number => again.find(({ name }) => name === wanted)!.value;
    // Sums over the pictures in another order, that of the annotations, differ in their last digit.
    const digits = (values: number[]): string[] => values.map((value) => value.toFixed(12));
    assert.equal(
      digits([1, 2, 3, 4].map((n) => valueOf(`bleu-${n}`)).concat(valueOf('rouge-l'), valueOf('cider-d'))),
      digits([...scores.bleu, scores.rougeL, scores.ciderD]),
    );
    const caption = await run('caption', first.picture, '--run', out, '--max-tokens', '20');
    assert.is(caption.code, 0, caption.text);
    // The picture decoded anew gives the feature that the caption in the table came from.
    assert.is(caption.stdout.trim().slice(0, 20), first.caption.trim().slice(0, 20));
  });
  test.run();
}

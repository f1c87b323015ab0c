// The dataset on disk: COCO's layout, generated once, whole or not at all.
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { checkCaption } from '../src/check-caption.ts';
import { drawScene } from '../src/draw/draw-scene.ts';
import { encodePicture } from '../src/encode/encode-picture.ts';
import { ensureScenesWith } from '../src/node/ensure-scenes.ts';
import { ensureScenes, readManifest, type SceneCaptionFile } from '../src/node.ts';

const test = suite('ensureScenes', { timeLimitSeconds: 120 });

const counts = { train: 12, val: 4, test: 3 };
/** A test with a folder of its own, removed afterwards. */
function folderTest(name: string, body: (root: string) => Promise<void>): void {
  test(name, async () => {
    const root = mkdtempSync(join(tmpdir(), 'foreword-scenes-'));
    try {
      await body(root);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
}

const readCaptions = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as SceneCaptionFile;

/** What `promise` rejects with. */
async function rejection(promise: Promise<unknown>): Promise<Error & { exitCode?: number }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected a rejection');
}

folderTest('writes COCO caption files and the pictures they name', async (root) => {
  const { dir, annotations, generated } = await ensureScenes({ root, counts });
  assert.is(dir, join(root, 'data'));
  assert.ok(generated);
  assert.equal(readdirSync(root), ['data']);
  const ids = new Set<number>();
  for (const split of ['train', 'val', 'test'] as const) {
    assert.is(annotations[split], join(dir, 'annotations', `captions_${split}.json`));
    const file = readCaptions(annotations[split]);
    assert.equal(Object.keys(file), ['info', 'licenses', 'images', 'annotations']);
    assert.is(file.images.length, counts[split]);
    assert.equal(file.images.map((image) => image.file_name).sort(), readdirSync(join(dir, split)).sort());
    for (const image of file.images) {
      ids.add(image.id);
      const captions = file.annotations.filter((annotation) => annotation.image_id === image.id);
      assert.is(new Set(captions.map(({ caption }) => caption)).size, 5);
      const scene = { ...image.scene, width: image.width, height: image.height };
      for (const { id, caption } of captions) {
        ids.add(id);
        assert.ok(checkCaption(caption, scene).correct, caption);
      }
      // The picture can be drawn again, byte for byte, from its entry.
      const bytes = new Uint8Array(readFileSync(join(dir, split, image.file_name)));
      const format = image.file_name.endsWith('.png') ? 'png' : 'jpg';
      assert.equal(encodePicture(drawScene(scene), format), bytes);
    }
  }
  assert.is(ids.size, 19 * 6, 'ids are unique over all splits');
  const names = readdirSync(join(dir, 'train')).join(' ');
  assert.match(names, '.png');
  assert.match(names, '.jpg');
});

folderTest('the bytes are fixed', async (root) => {
  const { dir } = await ensureScenes({ root, counts });
  assert.is(
    (await readManifest(dir))?.digest,
    'a581317df894cd54726016c54a94f9d290792fce3eee235fa7b74404b33bbfe9',
  );
});

folderTest('a complete dataset is left alone', async (root) => {
  const { dir } = await ensureScenes({ root, counts });
  const before = statSync(join(dir, 'manifest.json')).mtimeMs;
  assert.not.ok((await ensureScenes({ root, counts })).generated);
  assert.is(statSync(join(dir, 'manifest.json')).mtimeMs, before);
});

folderTest('other counts, another seed, another version or a missing file make it anew', async (root) => {
  const { dir, annotations } = await ensureScenes({ root, counts });
  assert.ok((await ensureScenes({ root, counts: { ...counts, val: 5 } })).generated);
  assert.is(readdirSync(join(dir, 'val')).length, 5);
  assert.ok((await ensureScenes({ root, counts })).generated);
  assert.ok((await ensureScenes({ root, counts, seed: 2 })).generated);
  assert.ok((await ensureScenes({ root, counts })).generated);
  const manifestPath = join(dir, 'manifest.json');
  writeFileSync(manifestPath, readFileSync(manifestPath, 'utf8').replace('"version": 2', '"version": 1'));
  assert.ok((await ensureScenes({ root, counts })).generated);
  rmSync(join(dir, 'train', readdirSync(join(dir, 'train'))[0]));
  assert.ok((await ensureScenes({ root, counts })).generated);
  rmSync(annotations.test);
  assert.ok((await ensureScenes({ root, counts })).generated);
  assert.not.ok((await ensureScenes({ root, counts })).generated);
  assert.equal(readdirSync(root), ['data']);
});

folderTest('fewer pictures are the first of more', async (root) => {
  const few = await ensureScenes({ root, counts: { train: 3, val: 1, test: 0 } });
  const first = readCaptions(few.annotations.train);
  const more = await ensureScenes({ root, counts });
  assert.equal(readCaptions(more.annotations.train).images.slice(0, 3), first.images);
  assert.equal(readCaptions(more.annotations.train).annotations.slice(0, 15), first.annotations);
});

folderTest('a full disk leaves nothing behind and says what to do', async (root) => {
  let writes = 0;
  const write = async (path: string, data: Uint8Array | string) => {
    if (++writes > 6) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    await writeFile(path, data);
  };
  const error = await rejection(ensureScenesWith({ root, counts }, { write }));
  assert.is(error.name, 'DatasetError');
  assert.is(error.exitCode, 1);
  assert.match(error.message, /disk is full; free some space/);
  assert.equal(readdirSync(root), []);
});

folderTest('a failure keeps the dataset that was there', async (root) => {
  const { dir } = await ensureScenes({ root, counts });
  const write = () => Promise.reject(Object.assign(new Error('EROFS'), { code: 'EROFS' }));
  const error = await rejection(ensureScenesWith({ root, counts, seed: 9 }, { write }));
  assert.match(error.message, /read-only/);
  assert.equal(readdirSync(root), ['data']);
  assert.is((await readManifest(dir))?.seed, 1);
});

folderTest('aborting leaves nothing behind and rejects with the reason', async (root) => {
  const controller = new AbortController();
  const many = { train: 500, val: 0, test: 0 };
  let last = 0;
  const onProgress = ({ done, total }: { done: number; total: number }) => {
    assert.is(total, 500);
    assert.ok(done > last);
    last = done;
    if (done >= 50) controller.abort(new Error('stopped by the user'));
  };
  const error = await rejection(ensureScenes({ root, counts: many, onProgress, signal: controller.signal }));
  assert.is(error.message, 'stopped by the user');
  assert.ok(last < 500);
  assert.equal(readdirSync(root), []);
});

folderTest('a killed process leaves no dataset, and the next run clears up after it', async (root) => {
  const entry = fileURLToPath(new URL('../src/node.ts', import.meta.url));
  const script = `import { ensureScenes } from ${JSON.stringify(entry)};
    ensureScenes({ root: ${JSON.stringify(root)}, onProgress: () => console.log('going') });`;
  const args = ['--import', 'tsx', '--conditions=foreword-source', '--input-type=module', '-e', script];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await Promise.race([ended, new Promise((resolve) => child.stdout.once('data', resolve))]);
  assert.is(child.exitCode, null, 'the child ended before it was killed');
  child.kill('SIGKILL');
  await ended;
  assert.not.ok(existsSync(join(root, 'data')));
  assert.match(readdirSync(root).join(' '), /^data\.\d+\.0\.tmp$/);
  await ensureScenes({ root, counts });
  assert.equal(readdirSync(root), ['data']);
});

folderTest('two runs at once end with one whole dataset', async (root) => {
  const both = await Promise.all([ensureScenes({ root, counts }), ensureScenes({ root, counts })]);
  assert.is(both.filter(({ generated }) => generated).length, 1);
  assert.equal(readdirSync(root), ['data']);
  assert.not.ok((await ensureScenes({ root, counts })).generated);
});

folderTest('files of somebody else are never deleted', async (root) => {
  mkdirSync(join(root, 'data'));
  writeFileSync(join(root, 'data', 'thesis.txt'), 'important');
  const error = await rejection(ensureScenes({ root, counts }));
  assert.match(error.message, /did not make.*Move them away/);
  assert.is(readFileSync(join(root, 'data', 'thesis.txt'), 'utf8'), 'important');
});

folderTest('wrong numbers are refused', async (root) => {
  for (const train of [-1, 1.5, Number.NaN, 1e7]) {
    assert.match(
      (await rejection(ensureScenes({ root, counts: { train } }))).message,
      /number of train pictures/,
    );
  }
  assert.match((await rejection(ensureScenes({ root, seed: -3 }))).message, /seed .* is -3/);
  assert.equal(readdirSync(root), []);
});

test.run();

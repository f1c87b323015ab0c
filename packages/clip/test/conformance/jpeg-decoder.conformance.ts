// What the JPEG decoder does to CLIP's features: our pixels, and jpeg-js's, against the pixels of libjpeg.
// Needs Pillow (`apt install python3-pil`); FOREWORD_PILLOW_PYTHON names its Python where that is not python3.
// FOREWORD_VIT_PICTURES=N: how many of the most different photographs also go through ViT-B/32 (default 8).
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode as decodeWithJpegJs } from 'jpeg-js';
import * as assert from 'uvu/assert';
import { ImageEncoder, loadClip, parseClipConfig, type Clip } from '@foreword/clip';
import { clipPreprocess, decodeImage, toRgb, type DecodedImage } from '@foreword/image';
import { openDevice, openSafetensorsPath, type Device } from '@foreword/tensor/node';
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { goldenClip } from '../golden/golden-figures.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const data = process.env.FOREWORD_TEST_DATA ?? join(root, '../shared/data');
const python = process.env.FOREWORD_PILLOW_PYTHON ?? 'python3';
const vitPictures = Number(process.env.FOREWORD_VIT_PICTURES ?? 8);
const folders = ['coco-mini/train2017', 'coco-mini/val2017', 'photos', 'decoders/jpeg/reftest/images'];

/** Reads a picture; writes mode, width and height on a line, then the samples as Pillow has them in memory. */
const decodeProgram = `
import io, sys
from PIL import Image
image = Image.open(io.BytesIO(sys.stdin.buffer.read()))
sys.stdout.buffer.write(f"{image.mode} {image.width} {image.height}\\n".encode() + image.tobytes())
`;
/** Saves a picture as 4:2:0, about half of them progressive. */
const halveProgram = `
import io, sys
from PIL import Image
image = Image.open(io.BytesIO(sys.stdin.buffer.read())).convert("RGB")
image.save(sys.stdout.buffer, "JPEG", quality=85, subsampling="4:2:0", progressive=sum(image.size) % 2 == 0)
`;
const versionProgram =
  'import PIL; from PIL import features; print(f"Pillow {PIL.__version__}, libjpeg-turbo {features.version(\'libjpeg_turbo\')}")';

function pillowVersion(): string | undefined {
  try {
    return execFileSync(python, ['-c', versionProgram], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return undefined;
  }
}

function withPillow(program: string, input: Uint8Array): Buffer {
  return execFileSync(python, ['-c', program], { input, maxBuffer: 2 ** 30, stdio: 'pipe' });
}

function decodeWithPillow(file: Uint8Array): DecodedImage {
  const bytes = withPillow(decodeProgram, file);
  const line = bytes.indexOf(10);
  const [mode, width, height] = bytes.toString('latin1', 0, line).split(' ');
  const channels = mode === 'L' ? 1 : mode === 'CMYK' ? 4 : 3;
  const samples = new Uint8Array(bytes.subarray(line + 1));
  return {
    width: Number(width),
    height: Number(height),
    channels,
    data: samples,
    ...(channels === 4 && { cmyk: true }),
  };
}

/** How often chroma is stored: `4:2:0` and so on for three components, else their number. */
function samplingOf(bytes: Uint8Array): string {
  for (let at = 2; at + 9 < bytes.length; at += 2 + ((bytes[at + 2] << 8) | bytes[at + 3])) {
    if (bytes[at + 1] < 0xc0 || bytes[at + 1] > 0xc2) continue;
    if (bytes[at + 9] !== 3) return bytes[at + 9] === 1 ? 'grey' : 'CMYK';
    const [luma, chroma] = [bytes[at + 11], bytes[at + 14]];
    const [across, down] = [(luma >> 4) / (chroma >> 4), (luma & 15) / (chroma & 15)];
    return across === 2 ? (down === 2 ? '4:2:0' : '4:2:2') : down === 2 ? '4:4:0' : '4:4:4';
  }
  return 'other';
}

/** Two pictures compared sample by sample. */
interface Difference {
  samples: number;
  differing: number;
  most: number;
}

function difference(a: ArrayLike<number>, b: ArrayLike<number>): Difference {
  assert.is(a.length, b.length);
  let [differing, most] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    if (a[i] === b[i]) continue;
    differing++;
    most = Math.max(most, Math.abs(a[i] - b[i]));
  }
  return { samples: a.length, differing, most };
}

/** Photographs as they are, the same saved as 4:2:0 by Pillow, or files of the decoder suite. */
type Source = 'photographs' | 'photographs as 4:2:0' | 'suite';

/** One picture as one of the decoders gives it, against libjpeg's. */
interface Comparison {
  name: string;
  from: Source;
  sampling: string;
  decoder: 'ours' | 'jpeg-js';
  whole: Difference;
  /** After resizing to 224 and cropping, in levels of 255. */
  cropped: Difference;
  image: DecodedImage;
  reference: DecodedImage;
  /** Processor time of decoding. */
  decodeMs: number;
  cosine: { embedded?: number; vit?: number };
}

const plain = { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] } as const;

function compare(name: string, from: Source, bytes: Uint8Array): Comparison[] {
  const reference = decodeWithPillow(bytes);
  const decoders = {
    ours: () => decodeImage(bytes),
    'jpeg-js': (): DecodedImage => {
      const image = decodeWithJpegJs(bytes, { useTArray: true, formatAsRGBA: false });
      return { width: image.width, height: image.height, channels: 3, data: image.data };
    },
  };
  return Object.entries(decoders).flatMap(([decoder, decode]) => {
    try {
      const started = process.cpuUsage();
      const image = decode();
      const decodeMs = process.cpuUsage(started).user / 1000;
      return {
        name,
        from,
        sampling: samplingOf(bytes),
        decoder: decoder as Comparison['decoder'],
        whole: difference(toRgb(image).data, toRgb(reference).data),
        cropped: difference(clipPreprocess(image, 224, plain), clipPreprocess(reference, 224, plain)),
        image,
        reference,
        decodeMs,
        cosine: {},
      };
    } catch (error) {
      console.log(`  ${decoder} does not decode ${name}: ${(error as Error).message}`);
      return [];
    }
  });
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [product, squaresA, squaresB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i] * b[i];
    squaresA += a[i] ** 2;
    squaresB += b[i] ** 2;
  }
  return product / Math.sqrt(squaresA * squaresB);
}

/** Encodes what differs; the same pixels have the same features, and then the cosine is 1. */
async function addCosines(clip: Clip, name: 'embedded' | 'vit', rows: readonly Comparison[]): Promise<void> {
  const size = clip.config.vision.imageSize;
  const encoder = await ImageEncoder.create(clip, { batch: 2 });
  for (const { image, reference, cosine: cosines } of rows) {
    const pair = [image, reference].map((one) => clipPreprocess(one, size));
    const same = difference(pair[0], pair[1]).differing === 0;
    const [a, b] = same ? [] : await encoder.encode(pair);
    cosines[name] = same ? 1 : cosine(a, b);
  }
  encoder.dispose();
}

/** Prints a line per kind of picture and decoder. */
function printTable(rows: readonly Comparison[]): void {
  const kinds = new Map<string, Comparison[]>();
  for (const row of rows) {
    const kind = `${row.from} | ${row.sampling} | ${row.decoder}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), row]);
  }
  console.log(
    '| from | chroma | decoder | pictures | samples that differ | largest difference | at 224 | lowest cosine, embedded CLIP | ViT-B/32 |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|');
  for (const [kind, group] of [...kinds].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const most = (part: 'whole' | 'cropped') => Math.max(...group.map((row) => row[part].most));
    const sum = (key: 'samples' | 'differing') => group.reduce((total, row) => total + row.whole[key], 0);
    const lowest = (name: 'embedded' | 'vit') => {
      const known = group.flatMap((row) => row.cosine[name] ?? []);
      return known.length === 0 ? '' : `${Math.min(...known).toFixed(6)} of ${known.length}`;
    };
    const share = (100 * sum('differing')) / sum('samples');
    console.log(
      `| ${kind} | ${group.length} | ${share.toFixed(1)} % | ${most('whole')} | ${Math.round(most('cropped'))} | ${lowest('embedded')} | ${lowest('vit')} |`,
    );
  }
}

function printTimes(rows: readonly Comparison[]): void {
  for (const wanted of ['ours', 'jpeg-js']) {
    const times = rows
      .filter(({ from, decoder }) => from === 'photographs' && decoder === wanted)
      .map(({ decodeMs }) => decodeMs)
      .sort((a, b) => a - b);
    const median = times[Math.floor(times.length / 2)].toFixed(1);
    console.log(`  ${wanted}: ${median} ms of processor time for the median of ${times.length} photographs`);
  }
}

const version = pillowVersion();
const backbone = join(root, 'datasets/scenes/backbones/clip');
const vitGolden = join(dirname(data), 'golden/clip-vit-b-32.safetensors');
const missing = [...folders.map((folder) => join(data, folder)), vitGolden].find((path) => !existsSync(path));
const test = suite('JPEG decoders and CLIP features', { timeLimitSeconds: 1200 });

if (version === undefined || missing !== undefined) {
  const why = missing === undefined ? `${python} has no Pillow` : `${missing} does not exist`;
  console.log(`SKIPPED JPEG decoders and CLIP features: ${why}`);
} else {
  let device: Device;
  const rows: Comparison[] = [];
  test.before(async () => {
    device = await openDevice();
  });
  test.after(() => device.close());
  test.after.each(failOnGpuErrors(() => device));

  test('our pixels are those of libjpeg, in every picture that both take', () => {
    const paths = folders.flatMap((folder) =>
      readdirSync(join(data, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.jpg') && !/lossless|partial/.test(name))
        .sort()
        .map((name) => join(folder, name))
        // one file there is a PNG by another name
        .filter((path) => readFileSync(join(data, path))[0] === 0xff),
    );
    for (const path of paths) {
      const bytes = readFileSync(join(data, path));
      const from = path.startsWith('decoders') ? 'suite' : 'photographs';
      rows.push(...compare(path, from, bytes));
      if (from === 'photographs')
        rows.push(...compare(path, 'photographs as 4:2:0', withPillow(halveProgram, bytes)));
    }
    const ours = rows.filter(({ decoder }) => decoder === 'ours');
    console.log(`  ${ours.length} pictures against ${version}`);
    assert.is(ours.filter(({ from }) => from !== 'photographs as 4:2:0').length, paths.length);
    assert.equal(
      ours.filter(({ whole }) => whole.differing > 0).map(({ name }) => name),
      [],
    );
  });

  test('features of every 4:2:0 photograph have a cosine of at least 0.999', async () => {
    const weights = await openSafetensorsPath(join(backbone, 'model.safetensors'));
    const config = parseClipConfig(JSON.parse(readFileSync(join(backbone, 'config.json'), 'utf8')));
    await addCosines(await loadClip(device, { weights, config }), 'embedded', rows);
    await weights.close();

    const file = await openSafetensorsPath(vitGolden);
    const { seed, prefix, config: sizes, rules } = file.metadata;
    const vit = await goldenClip(device, {
      seed,
      prefix,
      config: JSON.parse(sizes),
      rules: JSON.parse(rules),
    });
    await file.close();
    const byCosine = rows
      .filter(({ decoder, from }) => decoder === 'jpeg-js' && from !== 'suite')
      .sort((a, b) => (a.cosine.embedded ?? 1) - (b.cosine.embedded ?? 1));
    const chosen = new Set(byCosine.slice(0, vitPictures));
    const unchanged = ({ decoder, cropped }: Comparison): boolean =>
      decoder === 'ours' && cropped.differing === 0;
    await addCosines(
      vit,
      'vit',
      rows.filter((row) => chosen.has(row) || unchanged(row)),
    );

    printTable(rows);
    printTimes(rows);
    for (const { name, sampling, decoder, cosine: cosines } of rows) {
      if (decoder !== 'ours' || sampling !== '4:2:0') continue;
      for (const value of Object.values(cosines)) assert.ok(value >= 0.999, `${name}: cosine ${value}`);
    }
  });
}

test.run();

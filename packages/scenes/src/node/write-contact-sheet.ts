// `pnpm contact-sheet PATH [first] [split] [seed]`: one PNG with 64 pictures in rows of eight, to look at.
import { writeFileSync } from 'node:fs';
import { describeScene } from '../describe-scene.ts';
import { drawScene } from '../draw/draw-scene.ts';
import type { SplitName } from '../scene.ts';
import { encodePicture } from '../encode/encode-picture.ts';

const columns = 8;
const cell = 100;

const [path, first = '0', split = 'train', seed = '1'] = process.argv.slice(2);
if (!path) {
  console.error('Give the path of the PNG to write: pnpm contact-sheet PATH [first] [split] [seed]');
  process.exit(2);
}
const side = columns * cell;
const sheet = new Uint8Array(side * side * 3).fill(128);
for (let i = 0; i < columns * columns; i++) {
  const scene = describeScene({ seed: Number(seed), split: split as SplitName, index: Number(first) + i });
  const { width, height, data } = drawScene(scene);
  const left = (i % columns) * cell + Math.floor((cell - width) / 2);
  const top = Math.floor(i / columns) * cell + Math.floor((cell - height) / 2);
  for (let row = 0; row < height; row++) {
    sheet.set(data.subarray(row * width * 3, (row + 1) * width * 3), ((top + row) * side + left) * 3);
  }
}
writeFileSync(path, encodePicture({ width: side, height: side, data: sheet }, 'png'));

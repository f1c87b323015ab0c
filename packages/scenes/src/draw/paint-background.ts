// Paints backgrounds: each is a function from a place in the scene to a pale or dull colour.
import type { BackgroundName } from '../backgrounds.ts';
import { createRandom, type Random } from '../random.ts';
import type { Background } from '../scene.ts';
import {
  clamp01,
  ease,
  latticeNoise,
  mixInto,
  type Pixel,
  rgb,
  smoothNoise,
  toNearest,
  wave,
} from './texture.ts';

/**
 * Writes the colour at (x, y) in scene units to `out`; x and y may lie outside 0..64 in pictures that
 * are not square. `scale` is pixels per unit, for edges one pixel wide.
 */
export type Painter = (out: Pixel, x: number, y: number) => void;

interface Canvas {
  readonly tone: string;
  readonly grain: number;
  readonly random: Random;
  readonly scale: number;
}

/** About √½. Its last digits are part of version 2 of the dataset: others would change pictures. */
const slant = 7071 / 10_000;

const papers: Record<string, readonly [light: Pixel, dark: Pixel]> = {
  white: [rgb(252, 252, 250), rgb(226, 229, 233)],
  grey: [rgb(222, 223, 226), rgb(197, 199, 204)],
  cream: [rgb(250, 243, 224), rgb(233, 221, 194)],
};

/** 0 on one side of an edge, 1 on the other, with one pixel between them. */
const edge = (distance: number, scale: number) => clamp01(0.5 + distance * scale);

const painters: Record<BackgroundName, (canvas: Canvas) => Painter> = {
  plain({ tone }) {
    const [light, dark] = papers[tone];
    return (out, _x, y) => mixInto(out, light, dark, 0.18 * clamp01(y / 64));
  },

  gradient({ tone, random }) {
    const ends: Record<string, readonly [Pixel, Pixel]> = {
      cool: [rgb(240, 246, 250), rgb(190, 206, 220)],
      warm: [rgb(252, 246, 238), rgb(224, 208, 196)],
      grey: [rgb(244, 244, 246), rgb(188, 190, 196)],
    };
    const [from, to] = random.chance(0.3) ? [ends[tone][1], ends[tone][0]] : ends[tone];
    const [dx, dy] = random.pick([
      [0, 1],
      [1, 0],
      [0.5, 0.5],
      [-0.5, 0.5],
    ] as const);
    const start = dx < 0 ? 32 : 0;
    return (out, x, y) => mixInto(out, from, to, ease((start + x * dx + y * dy) / 64));
  },

  stripes({ tone, random, scale }) {
    const [light, dark] = papers[tone];
    const period = random.between(8, 13);
    const [dx, dy] = random.pick([
      [1, 0],
      [0, 1],
      [slant, slant],
    ] as const);
    return (out, x, y) =>
      mixInto(out, light, dark, edge(toNearest(x * dx + y * dy, period) - period / 4, scale));
  },

  dots({ tone, random, scale }) {
    const [light, dark] = papers[tone];
    const period = random.between(8, 11);
    const radius = period * 0.2;
    return (out, x, y) => {
      const row = Math.floor(y / period + 0.5);
      const across = toNearest(x + (row % 2 === 0 ? 0 : period / 2), period);
      const down = toNearest(y, period);
      const distance = Math.sqrt(across * across + down * down) - radius;
      mixInto(out, dark, light, edge(distance, scale));
    };
  },

  checks({ tone, random, scale }) {
    const [light, dark] = papers[tone];
    const cell = random.between(7, 10.5);
    return (out, x, y) => {
      const across = edge(toNearest(x, 2 * cell) - cell / 2, scale);
      const down = edge(toNearest(y, 2 * cell) - cell / 2, scale);
      mixInto(out, light, dark, across + down - 2 * across * down);
    };
  },

  meadow({ grain, random, scale }) {
    const horizon = random.between(22, 32);
    const skyHigh = rgb(196, 220, 240);
    const skyLow = rgb(234, 241, 245);
    const near = rgb(150, 186, 120);
    const far = rgb(190, 211, 158);
    const cloudX = random.between(8, 56);
    const cloudY = random.between(6, horizon - 10);
    const cloud = rgb(250, 251, 252);
    const bright = rgb(205, 224, 170);
    const deep = rgb(128, 164, 102);
    const land = rgb(0, 0, 0);
    return (out, x, y) => {
      mixInto(out, skyHigh, skyLow, clamp01(y / horizon));
      const puff = Math.min(
        Math.sqrt((x - cloudX) ** 2 + 3 * (y - cloudY) ** 2) - 8,
        Math.sqrt((x - cloudX - 7) ** 2 + 3 * (y - cloudY - 1.5) ** 2) - 6,
      );
      mixInto(out, out, cloud, 0.8 * ease(0.5 - puff / 3));
      const hill = y - horizon - 1.2 * wave(x / 53 + grain / 65536);
      mixInto(land, far, near, clamp01(hill / 34));
      const blade = latticeNoise(Math.floor(x * 1.1), Math.floor(y / 2.2), grain) - 0.5;
      mixInto(land, land, blade > 0 ? bright : deep, Math.abs(blade) * 0.4);
      mixInto(out, out, land, edge(hill, scale));
    };
  },

  night({ grain }) {
    const high = rgb(44, 50, 88);
    const low = rgb(92, 98, 140);
    const glow = rgb(236, 238, 250);
    const cell = 11;
    return (out, x, y) => {
      const haze = 0.1 * (smoothNoise(x / 14, y / 9, grain) - 0.5);
      mixInto(out, high, low, clamp01(y / 64 + haze));
      // At most one spark in each cell of a coarse grid.
      const column = Math.floor(x / cell);
      const row = Math.floor(y / cell);
      const fate = latticeNoise(column, row, grain);
      if (fate > 0.6) return;
      const atX = (column + 0.15 + 0.7 * latticeNoise(column, row, grain + 1)) * cell;
      const atY = (row + 0.15 + 0.7 * latticeNoise(column, row, grain + 2)) * cell;
      const near = 1.1 - Math.abs(x - atX) - Math.abs(y - atY);
      if (near > 0) mixInto(out, out, glow, (0.35 + 0.8 * fate) * near);
    };
  },

  table({ tone, grain, scale }) {
    const [light, dark]: readonly [Pixel, Pixel] =
      tone === 'light' ? [rgb(232, 214, 186), rgb(206, 182, 148)] : [rgb(218, 192, 162), rgb(190, 158, 126)];
    const groove = rgb(142, 114, 86);
    const plank = 16;
    return (out, x, y) => {
      const board = Math.floor(y / plank);
      const bend = 2.5 * smoothNoise(x / 30, board * 7.3, grain);
      const fibres = smoothNoise(x / 26 + board * 11, (y + bend) * 0.55, grain);
      mixInto(out, light, dark, 0.85 * ease(fibres) + 0.15 * latticeNoise(board, 3, grain));
      const seam = toNearest(y, plank) - 0.45;
      mixInto(out, out, groove, 0.7 * edge(-seam, scale));
    };
  },

  water({ grain }) {
    const high = rgb(206, 229, 238);
    const low = rgb(152, 196, 216);
    const foam = rgb(240, 248, 251);
    return (out, x, y) => {
      mixInto(out, high, low, clamp01(y / 64));
      const shift = 6 * smoothNoise(x / 22, y / 9, grain);
      const crest = wave(y / 8.5 + 0.18 * wave(x / 19 + shift / 6));
      mixInto(out, out, foam, 0.75 * ease((crest - 0.55) * 2.2));
    };
  },

  sand({ grain }) {
    const light = rgb(242, 231, 205);
    const dark = rgb(221, 205, 172);
    const pebble = rgb(190, 172, 138);
    return (out, x, y) => {
      const dune = wave(y / 17 + 0.35 * smoothNoise(x / 24, y / 24, grain) * 2);
      mixInto(out, light, dark, 0.35 + 0.3 * dune);
      const speck = latticeNoise(Math.floor(x), Math.floor(y), grain);
      if (speck > 0.86) mixInto(out, out, pebble, 0.4);
    };
  },

  wall({ tone, grain, scale }) {
    const [light, dark]: readonly [Pixel, Pixel] =
      tone === 'grey' ? [rgb(214, 212, 210), rgb(190, 188, 187)] : [rgb(222, 203, 192), rgb(203, 180, 168)];
    const mortar = rgb(240, 237, 232);
    const high = 8;
    const long = 16;
    return (out, x, y) => {
      const row = Math.floor(y / high);
      const along = x + (row % 2 === 0 ? 0 : long / 2);
      const shade = latticeNoise(Math.floor(along / long), row, grain);
      mixInto(out, light, dark, shade);
      const joint = Math.min(toNearest(y, high), toNearest(along, long)) - 0.55;
      mixInto(out, out, mortar, edge(-joint, scale));
    };
  },

  paper({ tone, random, scale }) {
    const step = random.between(6.5, 8.5);
    const start = random.between(0, step);
    const sheetTop = rgb(253, 253, 250);
    const sheetBottom = rgb(243, 243, 239);
    const ink = rgb(176, 196, 214);
    return (out, x, y) => {
      mixInto(out, sheetTop, sheetBottom, clamp01(y / 64));
      const down = toNearest(y - start, step);
      const line = tone === 'squared' ? Math.min(down, toNearest(x - start, step)) : down;
      mixInto(out, out, ink, 0.85 * edge(0.32 - line, scale));
    };
  },
};

/** Makes the painter of a background for a picture of `scale` pixels per scene unit. */
export function backgroundPainter(background: Background, scale: number): Painter {
  const { tone, grain } = background;
  return painters[background.name]({ tone, grain, scale, random: createRandom('background', grain) });
}

// Draws a scene: background, soft shadows, and antialiased, shaded, outlined objects.
import { colourByName } from '../colours.ts';
import type { KindName } from '../kinds.ts';
import { sceneSide } from '../place-groups.ts';
import type { Group, PlacedObject, Scene } from '../scene.ts';
import { backgroundPainter } from './paint-background.ts';
import { shapeDistance } from './shape-distance.ts';
import { clamp01, ease, mixInto, type Pixel, rgb } from './texture.ts';

/** A picture with 8 bits per channel, RGB, rows from the top. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** width * height * 3 bytes. */
  readonly data: Uint8Array;
}

/** Cosines of 0, 4, 8 and 12 degrees: written out, because Math.cos may differ between engines. */
const cosines = [1, 0.9976, 0.9903, 0.9781];
const sines = [0, 0.0698, 0.1392, 0.2079];

/** Dark on every colour alike: it shows the kind before the colour is known. */
const outlineWidth = 1.3;
const shadowShift = { x: 0.9, y: 1.5 };

/** Draws the scene. The same scene always gives the same bytes. */
export function drawScene(scene: Scene): Picture {
  const { width, height } = scene;
  const short = Math.min(width, height);
  const canvas: Canvas = {
    width,
    height,
    data: new Uint8Array(width * height * 3),
    scale: short / sceneSide,
    offsetX: Math.floor((width - short) / 2),
    offsetY: Math.floor((height - short) / 2),
  };
  paintBackground(canvas, scene);
  for (const group of scene.groups) {
    for (const object of group.objects) paintShadow(canvas, group.kind, object);
  }
  for (const group of scene.groups) {
    for (const object of group.objects) paintObject(canvas, group, object);
  }
  return { width, height, data: canvas.data };
}

interface Canvas extends Picture {
  /** Pixels per scene unit, and the pixel at which the centre square begins. */
  readonly scale: number;
  readonly offsetX: number;
  readonly offsetY: number;
}

function paintBackground(canvas: Canvas, scene: Scene): void {
  const { width, height, data, scale, offsetX, offsetY } = canvas;
  const paint = backgroundPainter(scene.background, scale);
  const pixel = rgb(0, 0, 0);
  let at = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      paint(pixel, (column + 0.5 - offsetX) / scale, (row + 0.5 - offsetY) / scale);
      data[at++] = Math.round(pixel[0]);
      data[at++] = Math.round(pixel[1]);
      data[at++] = Math.round(pixel[2]);
    }
  }
}

/** Calls `visit` for each pixel near the object with its place in the object's own, turned frame. */
function eachPixelNear(
  canvas: Canvas,
  object: PlacedObject,
  visit: (at: number, x: number, y: number) => void,
): void {
  const { width, height, scale, offsetX, offsetY } = canvas;
  const reach = object.radius * 1.12 + 3.5;
  const left = Math.max(0, Math.floor((object.x - reach) * scale) + offsetX);
  const right = Math.min(width, Math.ceil((object.x + reach) * scale) + offsetX);
  const top = Math.max(0, Math.floor((object.y - reach) * scale) + offsetY);
  const bottom = Math.min(height, Math.ceil((object.y + reach) * scale) + offsetY);
  for (let row = top; row < bottom; row++) {
    const y = (row + 0.5 - offsetY) / scale - object.y;
    for (let column = left; column < right; column++) {
      visit((row * width + column) * 3, (column + 0.5 - offsetX) / scale - object.x, y);
    }
  }
}

/** The distance to the object's outline, in scene units, from a place relative to its centre. */
function outlineDistance(kind: KindName, object: PlacedObject): (x: number, y: number) => number {
  const cosine = cosines[Math.abs(object.turn)];
  const sine = Math.sign(object.turn) * sines[Math.abs(object.turn)];
  const distance = shapeDistance[kind];
  const r = object.radius;
  return (x, y) => distance((x * cosine + y * sine) / r, (y * cosine - x * sine) / r) * r;
}

function blend(data: Uint8Array, at: number, colour: Pixel, amount: number): void {
  for (let c = 0; c < 3; c++) {
    data[at + c] = Math.round(data[at + c] + (colour[c] - data[at + c]) * amount);
  }
}

const shadowColour = rgb(24, 26, 40);

function paintShadow(canvas: Canvas, kind: KindName, object: PlacedObject): void {
  const distance = outlineDistance(kind, object);
  eachPixelNear(canvas, object, (at, x, y) => {
    const amount = 0.34 * ease(0.5 - distance(x - shadowShift.x, y - shadowShift.y) / 3.4);
    if (amount > 0) blend(canvas.data, at, shadowColour, amount);
  });
}

const white = rgb(255, 255, 255);
const petalEye = rgb(255, 250, 236);
const nearBlack = rgb(10, 8, 20);

function paintObject(canvas: Canvas, group: Group, object: PlacedObject): void {
  const { scale, data } = canvas;
  const { kind } = group;
  const base = rgb(...colourByName(group.colour).rgb);
  const light = rgb(0, 0, 0);
  const shade = rgb(0, 0, 0);
  const outline = rgb(0, 0, 0);
  mixInto(light, base, white, 0.26);
  mixInto(shade, base, nearBlack, 0.2);
  mixInto(outline, base, nearBlack, 0.72);
  const distance = outlineDistance(kind, object);
  const r = object.radius;
  const pixel = rgb(0, 0, 0);
  eachPixelNear(canvas, object, (at, x, y) => {
    const d = distance(x, y);
    const cover = clamp01(0.5 - d * scale);
    if (cover === 0) return;
    const slope = (x * 0.45 + y * 0.8) / r;
    if (slope < 0) mixInto(pixel, base, light, Math.min(1, -slope));
    else mixInto(pixel, base, shade, Math.min(1, slope));
    if (kind === 'circle') {
      const glare = Math.sqrt((x + 0.34 * r) ** 2 + (y + 0.38 * r) ** 2) / r;
      mixInto(pixel, pixel, white, 0.55 * ease(1 - glare / 0.42));
    }
    if (kind === 'flower') {
      const eye = Math.sqrt(x * x + y * y) - 0.27 * r;
      mixInto(pixel, pixel, outline, 0.8 * clamp01(0.5 - (eye - 0.6) * scale));
      mixInto(pixel, pixel, petalEye, clamp01(0.5 - eye * scale));
    }
    mixInto(pixel, pixel, outline, clamp01(0.5 + (d + outlineWidth) * scale));
    blend(data, at, pixel, cover);
  });
}

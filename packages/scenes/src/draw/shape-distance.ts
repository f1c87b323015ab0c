// Signed distances to the outlines of the kinds, for a shape of radius 1: negative inside, y down.
import type { KindName } from '../kinds.ts';

type Point = readonly [number, number];
type Distance = (x: number, y: number) => number;

/** How far `polygon` corners are rounded off; the corner lists leave room for it. */
const rounding = 0.06;

function circle(cx: number, cy: number, radius: number): Distance {
  return (x, y) => Math.sqrt((x - cx) * (x - cx) + (y - cy) * (y - cy)) - radius;
}

/** Exact distance to a polygon: nearest edge, sign by counting crossings. */
function polygon(corners: readonly Point[]): Distance {
  const n = corners.length;
  const edges = corners.map(([x1, y1], i) => {
    const [x2, y2] = corners[(i + 1) % n];
    return { x1, y1, x2, y2, dx: x2 - x1, dy: y2 - y1, square: (x2 - x1) ** 2 + (y2 - y1) ** 2 };
  });
  return (x, y) => {
    let nearest = Infinity;
    let inside = false;
    for (const e of edges) {
      const t = ((x - e.x1) * e.dx + (y - e.y1) * e.dy) / e.square;
      const along = t < 0 ? 0 : t > 1 ? 1 : t;
      const px = x - e.x1 - along * e.dx;
      const py = y - e.y1 - along * e.dy;
      const square = px * px + py * py;
      if (square < nearest) nearest = square;
      if (e.y1 > y !== e.y2 > y && x < e.x1 + ((y - e.y1) / e.dy) * e.dx) inside = !inside;
    }
    const distance = Math.sqrt(nearest);
    return (inside ? -distance : distance) - rounding;
  };
}

function union(...parts: readonly Distance[]): Distance {
  return (x, y) => {
    let nearest = Infinity;
    for (const part of parts) nearest = Math.min(nearest, part(x, y));
    return nearest;
  };
}

function mirrored(right: readonly Point[]): Point[] {
  const left = right.filter(([x]) => x !== 0).map(([x, y]): Point => [-x, y]);
  return [...right, ...left.reverse()];
}

/** The centres of a flower's five petals and, at radius 1, the tips of a star: cosines and sines
 * written out, because Math.sin may differ in its last bits from engine to engine. */
const fifths: readonly Point[] = [
  [0, -1],
  [0.9511, -0.309],
  [0.5878, 0.809],
  [-0.5878, 0.809],
  [-0.9511, -0.309],
];

const starCorners = fifths.flatMap(([x, y], i): Point[] => {
  const [nx, ny] = fifths[(i + 1) % 5];
  // The inner corner lies halfway between two tips, at 0.45 of their radius (0.809 = cos 36°).
  const inner = 0.45 / 0.809 / 2;
  return [
    [0.97 * x, 0.97 * y + 0.08],
    [0.97 * inner * (x + nx), 0.97 * inner * (y + ny) + 0.08],
  ];
});

/** The outer corners of the heart's body; its two lobes are the circles added to it. */
const heartCorners = mirrored([
  [0, -0.4],
  [0.116, -0.6],
  [0.47, -0.74],
  [0.8, -0.6],
  [0.91, -0.3],
  [0.8, 0.03],
  [0, 0.88],
]);

const disc = circle(0, 0, 0.96);

/** The distance function of each kind. */
export const shapeDistance: Record<KindName, Distance> = {
  circle: disc,
  square: polygon([
    [-0.78, -0.78],
    [0.78, -0.78],
    [0.78, 0.78],
    [-0.78, 0.78],
  ]),
  triangle: polygon([
    [0, -0.9],
    [0.94, 0.76],
    [-0.94, 0.76],
  ]),
  star: polygon(starCorners),
  heart: union(polygon(heartCorners), circle(0.47, -0.3, 0.5), circle(-0.47, -0.3, 0.5)),
  ring: (x, y) => Math.abs(Math.sqrt(x * x + y * y) - 0.7) - 0.27,
  moon: (x, y) => {
    const cut = Math.sqrt((x - 0.48) * (x - 0.48) + (y + 0.16) * (y + 0.16)) - 0.7;
    return Math.max(disc(x, y), -cut);
  },
  flower: union(...fifths.map(([x, y]) => circle(0.56 * x, 0.56 * y, 0.41)), circle(0, 0, 0.4)),
};

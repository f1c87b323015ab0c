// Finds places for groups of objects on a grid of 4 × 4 cells over the centre square, without overlap.
import type { Random } from './random.ts';
import type { Arrangement, PlacedObject, PositionName, SizeName } from './scene.ts';

/** Side of the centre square in scene units. */
export const sceneSide = 64;

/**
 * Small objects fill one cell, large ones two by two. The cells are the patches that a vision
 * transformer with patches of 16 pixels sees of a picture of 64: a tiny one trained for minutes learns
 * the kinds only when objects keep near its grid (README, "Why a grid").
 */
const cells = 4;
const cellSide = sceneSide / cells;

/** How far a group may stand off its cells, in scene units. */
const groupJitter: Record<SizeName, number> = { small: 0.6, large: 0.9 };
const objectJitter = 0.2;

/** The whole grid is drawn in a little, so that nothing touches the edge of the square. */
const drawnIn = 0.97;

/** Radii at which objects are drawn, in scene units. */
const radii: Record<SizeName, readonly [number, number]> = { small: [7.5, 7.8], large: [12.8, 14.6] };

/** A group before it has a place: its size in cells and its objects, from its own top left corner. */
export interface LooseGroup {
  readonly arrangement: Arrangement;
  readonly columns: number;
  readonly rows: number;
  readonly objects: readonly PlacedObject[];
}

const round = (value: number) => Math.round(value * 100) / 100;

/** Arranges `count` objects of one size in a row, a column or a cluster. */
export function arrangeGroup(random: Random, options: { count: number; size: SizeName }): LooseGroup {
  const { count, size } = options;
  const arrangement = chooseArrangement(random, options);
  const [low, high] = radii[size];
  const radius = round(random.between(low, high));
  const span = size === 'small' ? 1 : 2;
  const across = arrangement === 'row' ? count : arrangement === 'cluster' ? 2 : 1;
  const down = Math.ceil(count / across);
  const jitter = (most: number) => random.between(-most, most);
  const offX = jitter(groupJitter[size]);
  const offY = jitter(groupJitter[size]);
  const objects: PlacedObject[] = [];
  for (let i = 0; i < count; i++) {
    const column = i % across;
    const row = Math.floor(i / across);
    objects.push({
      x: (column + 0.5) * span * cellSide + offX + jitter(objectJitter),
      y: (row + 0.5) * span * cellSide + offY + jitter(objectJitter),
      radius,
      turn: random.integer(5) - 2,
    });
  }
  return { arrangement, columns: across * span, rows: down * span, objects };
}

function chooseArrangement(random: Random, options: { count: number; size: SizeName }): Arrangement {
  const { count, size } = options;
  if (count === 1) return 'single';
  if (count === 2)
    return random.weighted([
      [3, 'row'],
      [2, 'column'],
    ]);
  // Three large objects in a line do not fit.
  if (size === 'large') return 'cluster';
  return random.weighted([
    [3, 'row'],
    [2, 'column'],
    [2, 'cluster'],
  ]);
}

interface Corner {
  readonly column: number;
  readonly row: number;
}

/** Puts the groups on free cells; null when none were found in a few tries. */
export function placeGroups(random: Random, groups: readonly LooseGroup[]): PlacedObject[][] | null {
  // Three things scattered at random seldom stand in a line, though people like to set them so.
  const lined = groups.length === 3 && random.chance(0.4);
  const line = { across: random.chance(0.5), at: random.integer(cells) };
  // The airiest of a few layouts: crowded ones look bad and leave less to say.
  let best: readonly Corner[] | null = null;
  let fewest = Infinity;
  for (let draft = 0; draft < 3; draft++) {
    const corners = (lined && chooseCorners(random, groups, line)) || chooseCorners(random, groups);
    if (!corners) continue;
    const touching = countTouching(groups, corners);
    if (touching < fewest) {
      best = corners;
      fewest = touching;
    }
  }
  if (!best) return null;
  const corners = best;
  const inward = (at: number) => round(sceneSide / 2 + (at - sceneSide / 2) * drawnIn);
  return groups.map((group, i) =>
    group.objects.map((o) => ({
      ...o,
      x: inward(o.x + corners[i].column * cellSide),
      y: inward(o.y + corners[i].row * cellSide),
    })),
  );
}

/** Random free cells for each group; with `line`, all in (or as near as they fit to) one row or column. */
function chooseCorners(
  random: Random,
  groups: readonly LooseGroup[],
  line?: { readonly across: boolean; readonly at: number },
): Corner[] | null {
  const corners: Corner[] = [];
  // Large groups first: the small ones then still find gaps.
  const order = groups.map((_, i) => i).sort((i, j) => area(groups[j]) - area(groups[i]) || i - j);
  for (const [rank, i] of order.entries()) {
    const group = groups[i];
    const earlier = order.slice(0, rank);
    for (let attempt = 0; attempt < 20 && !corners[i]; attempt++) {
      const last = { column: cells - group.columns, row: cells - group.rows };
      const corner = {
        column: line && !line.across ? Math.min(line.at, last.column) : random.integer(last.column + 1),
        row: line?.across ? Math.min(line.at, last.row) : random.integer(last.row + 1),
      };
      if (earlier.every((j) => sharedSide(group, corner, groups[j], corners[j]) >= 0)) corners[i] = corner;
    }
    if (!corners[i]) return null;
  }
  return corners;
}

/** Length of the side two groups share, in cells: 0 when they do not touch, -1 when they overlap. */
function sharedSide(a: LooseGroup, ca: Corner, b: LooseGroup, cb: Corner): number {
  const across = Math.min(ca.column + a.columns, cb.column + b.columns) - Math.max(ca.column, cb.column);
  const down = Math.min(ca.row + a.rows, cb.row + b.rows) - Math.max(ca.row, cb.row);
  if (across > 0 && down > 0) return -1;
  return across === 0 || down === 0 ? Math.max(across, down, 0) : 0;
}

function countTouching(groups: readonly LooseGroup[], corners: readonly Corner[]): number {
  let sum = 0;
  for (let i = 0; i < groups.length; i++) {
    for (let j = 0; j < i; j++) sum += sharedSide(groups[i], corners[i], groups[j], corners[j]);
  }
  return sum;
}

function area(group: LooseGroup): number {
  return group.columns * group.rows;
}

/** Names the ninth of the square in which a point lies. */
export function positionOf(x: number, y: number): PositionName {
  const column = x < 25.5 ? 'left' : x > 38.5 ? 'right' : '';
  const row = y < 25.5 ? 'top' : y > 38.5 ? 'bottom' : '';
  return (row && column ? `${row} ${column}` : row || column) || 'centre';
}

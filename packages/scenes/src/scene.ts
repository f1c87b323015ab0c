// What a scene is: the full ground truth of one picture, enough to draw it and to judge captions of it.
import type { BackgroundName } from './backgrounds.ts';
import type { ColourName } from './colours.ts';
import type { KindName } from './kinds.ts';

export type SizeName = 'small' | 'large';
export type Arrangement = 'single' | 'row' | 'column' | 'cluster';
export type SplitName = 'train' | 'val' | 'test';

/** Where a group lies in the centre square. */
export type PositionName =
  | 'top left'
  | 'top'
  | 'top right'
  | 'left'
  | 'centre'
  | 'right'
  | 'bottom left'
  | 'bottom'
  | 'bottom right';

/**
 * One object. Lengths are in 64ths of the picture's short side, from the top left corner of the
 * picture's centre square; `turn` counts steps of four degrees, clockwise.
 */
export interface PlacedObject {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly turn: number;
}

/** One to four objects of the same kind, colour and size that stand together. */
export interface Group {
  readonly kind: KindName;
  readonly colour: ColourName;
  readonly size: SizeName;
  readonly count: number;
  readonly arrangement: Arrangement;
  readonly position: PositionName;
  readonly objects: readonly PlacedObject[];
}

/** The background; `grain` seeds the details of its texture. */
export interface Background {
  readonly name: BackgroundName;
  readonly tone: string;
  readonly grain: number;
}

/** Everything about one picture. Plain JSON: it is stored in the annotation files as it is. */
export interface Scene {
  readonly width: number;
  readonly height: number;
  readonly background: Background;
  readonly groups: readonly Group[];
}

/** Left, top, right and bottom edges of a group in scene units. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The box around all objects of a group. */
export function groupBox(group: Pick<Group, 'objects'>): Box {
  return {
    left: Math.min(...group.objects.map((o) => o.x - o.radius)),
    top: Math.min(...group.objects.map((o) => o.y - o.radius)),
    right: Math.max(...group.objects.map((o) => o.x + o.radius)),
    bottom: Math.max(...group.objects.map((o) => o.y + o.radius)),
  };
}

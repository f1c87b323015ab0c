// Draws up a scene from a seed: background, groups and places, in the split it was asked for.
import { backgroundByName, backgrounds } from './backgrounds.ts';
import { colours, type ColourName } from './colours.ts';
import { kinds, type KindName } from './kinds.ts';
import { arrangeGroup, placeGroups, positionOf } from './place-groups.ts';
import { createRandom, type Random } from './random.ts';
import { splitOfScene } from './scene-key.ts';
import { groupBox, type Group, type Scene, type SizeName, type SplitName } from './scene.ts';

export interface SceneOrder {
  readonly seed: number;
  readonly split: SplitName;
  /** Number of the picture within its split, from 0. */
  readonly index: number;
}

/**
 * Describes the scene of that number. The same order always gives the same scene, and scenes of
 * different splits never have the same description (see `splitOfScene`).
 */
export function describeScene(order: SceneOrder): Scene {
  const random = createRandom(order.seed, order.split, order.index, 'scene');
  // Settled before any draft fails, so that crowded scenes stay as frequent as they should be.
  const groupCount = random.weighted([
    [30, 1],
    [45, 2],
    [25, 3],
  ]);
  for (;;) {
    const scene = draftScene(random, groupCount);
    if (scene && splitOfScene(scene) === order.split) return scene;
  }
}

/** One try; null when the chosen groups found no room. */
function draftScene(random: Random, groupCount: number): Scene | null {
  const kind = backgroundByName(
    random.weighted(backgrounds.map((background) => [background.weight, background.name] as const)),
  );
  const looks = chooseLooks(random, groupCount, kind.hides);
  const loose = looks.map((look) => arrangeGroup(random, look));
  const places = placeGroups(random, loose);
  if (!places) return null;
  const groups = looks.map((look, i): Group => {
    const box = groupBox({ objects: places[i] });
    return {
      ...look,
      arrangement: loose[i].arrangement,
      position: positionOf((box.left + box.right) / 2, (box.top + box.bottom) / 2),
      objects: places[i],
    };
  });
  return {
    ...choosePictureSize(random),
    background: { name: kind.name, tone: random.pick(kind.tones), grain: random.integer(0x10000) },
    groups,
  };
}

type Look = Pick<Group, 'kind' | 'colour' | 'size' | 'count'>;

function chooseLooks(random: Random, groupCount: number, hidden: readonly ColourName[]): Look[] {
  const visible = colours.map((colour) => colour.name).filter((name) => !hidden.includes(name));
  const colourOrder = random.shuffled(visible);
  const kindOrder = random.shuffled(kinds.map((kind) => kind.name));
  const looks: Look[] = [];
  for (let i = 0; i < groupCount; i++) {
    let colour: ColourName = colourOrder[i];
    let kind: KindName = kindOrder[i];
    // Sometimes a second group shares the colour or the kind of the first, never both.
    if (i > 0 && random.chance(0.14)) {
      if (random.chance(0.5)) colour = looks[0].colour;
      else kind = looks[0].kind;
    }
    const size: SizeName = random.chance(groupCount === 3 ? 0.65 : 0.5) ? 'small' : 'large';
    looks.push({ kind, colour, size, count: chooseCount(random, groupCount, size) });
  }
  return looks;
}

function chooseCount(random: Random, groupCount: number, size: SizeName): number {
  const weights =
    groupCount === 1
      ? size === 'small'
        ? [3, 3, 3, 2]
        : [6, 3, 1, 0.5]
      : groupCount === 2
        ? size === 'small'
          ? [5, 3, 2, 1]
          : [12, 1.5, 0, 0]
        : size === 'small'
          ? [8, 2, 1, 0]
          : [1, 0, 0, 0];
  return random.weighted(weights.map((weight, i) => [weight, i + 1] as const));
}

function choosePictureSize(random: Random): { width: number; height: number } {
  const short = 64 + random.integer(25);
  if (random.chance(0.5)) return { width: short, height: short };
  const long = Math.min(96, short + 2 + random.integer(Math.floor(short / 4)));
  return random.chance(0.65) ? { width: long, height: short } : { width: short, height: long };
}

// Says where in the picture something is, and what is behind it.
import { backgroundByName } from '../backgrounds.ts';
import type { Random } from '../random.ts';
import type { Background, PositionName } from '../scene.ts';

const places: Record<PositionName, readonly string[]> = {
  'top left': ['in the top left corner', 'in the upper left', 'near the top left corner', 'at the top left'],
  'top right': [
    'in the top right corner',
    'in the upper right',
    'near the top right corner',
    'at the top right',
  ],
  'bottom left': [
    'in the bottom left corner',
    'in the lower left',
    'near the bottom left corner',
    'at the bottom left',
  ],
  'bottom right': [
    'in the bottom right corner',
    'in the lower right',
    'near the bottom right corner',
    'at the bottom right',
  ],
  top: ['at the top', 'near the top'],
  bottom: ['at the bottom', 'near the bottom'],
  left: ['on the left', 'on the left side', 'at the left'],
  right: ['on the right', 'on the right side', 'at the right'],
  centre: ['in the middle', 'in the centre'],
};

/** "in the top left corner". */
export function placePhrase(random: Random, position: PositionName): string {
  return random.pick(places[position]);
}

/** "on a wooden table". */
export function backgroundPhrase(random: Random, background: Background): string {
  const phrase = random.pick(backgroundByName(background.name).phrases);
  return phrase.replace('{tone}', background.tone);
}

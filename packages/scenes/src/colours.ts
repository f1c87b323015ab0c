// The eight object colours: their names, the words captions use for them and the paint.

/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

/** A colour of objects. `words[0]` is the canonical word. */
export interface Colour {
  readonly name: ColourName;
  readonly words: readonly string[];
  readonly rgb: Rgb;
}

export type ColourName = 'red' | 'orange' | 'yellow' | 'green' | 'blue' | 'purple' | 'pink' | 'black';

/** All object colours, far apart from one another; for zero-shot classification use `name`. */
export const colours: readonly Colour[] = [
  { name: 'red', words: ['red'], rgb: [220, 36, 36] },
  { name: 'orange', words: ['orange'], rgb: [250, 126, 10] },
  { name: 'yellow', words: ['yellow'], rgb: [250, 220, 30] },
  { name: 'green', words: ['green'], rgb: [34, 160, 62] },
  { name: 'blue', words: ['blue'], rgb: [30, 92, 226] },
  { name: 'purple', words: ['purple', 'violet'], rgb: [136, 48, 176] },
  { name: 'pink', words: ['pink'], rgb: [252, 136, 190] },
  { name: 'black', words: ['black'], rgb: [42, 42, 48] },
];

/** The colour of that name. */
export function colourByName(name: ColourName): Colour {
  return colours.find((colour) => colour.name === name)!;
}

// Seeded damage to files and JSON, for tests of what their readers refuse.

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const telling = [
  0, 1, 2, 0x28, 0x2e, 0x4e, 0x52, 0x62, 0x68, 0x71, 0x7f, 0x80, 0x81, 0x85, 0x8a, 0x94, 0xfe, 0xff,
];

/** A damaged copy: one to three changes, each of a kind that chance picks. */
export function mutateBytes(bytes: Uint8Array, random: () => number): Uint8Array {
  const below = (n: number): number => Math.floor(random() * n);
  const byte = (): number => (random() < 0.5 ? telling[below(telling.length)] : below(256));
  let out = Array.from(bytes);
  const kinds: (() => void)[] = [
    () => (out[below(out.length)] = byte()),
    () => (out[below(out.length)] ^= 1 << below(8)),
    () => void out.splice(below(out.length), 1 + below(3)),
    () => void out.splice(below(out.length), 0, ...Array.from({ length: 1 + below(3) }, byte)),
    () => (out = out.slice(0, below(out.length))),
    () => {
      const length = 1 + below(16);
      const from = below(out.length);
      out.splice(below(out.length), length, ...out.slice(from, from + length));
    },
    () => {
      const at = below(out.length);
      for (let i = 0; i < 1 + below(8) && at + i < out.length; i++) out[at + i] = random() < 0.5 ? 0xff : 0;
    },
  ];
  const changes = random() < 0.7 ? 1 : 2 + below(2);
  for (let i = 0; i < changes && out.length > 0; i++) kinds[below(kinds.length)]();
  return Uint8Array.from(out);
}

/** What takes the place of a value in JSON: every kind, and numbers that sizes and ids must not be. */
const strangers: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  1.5,
  1e308,
  2 ** 31,
  2 ** 53,
  -0,
  '',
  'x',
  '__proto__',
  'toString',
  [],
  {},
  [[]],
  [null],
  { a: 1 },
  { __proto__: null },
  'constructor',
  '\ud800',
  [1, 2, 3],
];

/**
 * A damaged copy of parsed JSON: one to three values replaced, left out, moved, or under other keys, the root among them.
 * Keys of the original are kept by preference, so that what is read meets strangers.
 */
export function mutateJson(json: unknown, random: () => number): unknown {
  const below = (n: number): number => Math.floor(random() * n);
  const stranger = (): unknown => structuredClone(strangers[below(strangers.length)]);
  const holder = { root: structuredClone(json) };
  const changes = random() < 0.7 ? 1 : 2 + below(2);
  for (let i = 0; i < changes; i++) {
    const places = placesIn(holder);
    const [owner, key] = places[below(places.length)];
    const [otherOwner, otherKey] = places[below(places.length)];
    const kinds: (() => void)[] = [
      () => (owner[key] = stranger()),
      () => (owner[key] = structuredClone(otherOwner[otherKey])),
      () => {
        if (Array.isArray(owner)) owner.splice(Number(key), 1);
        else if (owner !== (holder as Record<string, unknown>)) delete owner[key];
      },
      () => {
        const value = owner[key];
        if (typeof value === 'number')
          owner[key] = [-value, value + 0.5, value * 2, value + 1, String(value)][below(5)];
        else if (typeof value === 'string') owner[key] = value.slice(0, below(value.length)) + 'é';
        else owner[key] = [value];
      },
    ];
    kinds[below(kinds.length)]();
  }
  return holder.root;
}

type Owner = Record<string, unknown>;

/** Every value in a tree, as the object or array that holds it and its key. A long list has few of its items among them. */
function placesIn(root: Owner): [owner: Owner, key: string][] {
  const places: [Owner, string][] = [];
  const visit = (owner: Owner): void => {
    const keys = Object.keys(owner);
    const step = Math.max(1, Math.ceil(keys.length / 20));
    for (let i = 0; i < keys.length; i += step) {
      const child = owner[keys[i]];
      places.push([owner, keys[i]]);
      if (typeof child === 'object' && child !== null) visit(child as Owner);
    }
  };
  visit(root);
  return places;
}

// Seeded damage to files: changed, inserted, removed, copied and cut-off bytes.

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

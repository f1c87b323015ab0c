// The data: points on two spiral arms round the origin, with the number of their arm.
export interface Points {
  /** [n, 2] in [-1, 1]. */
  places: Float32Array;
  /** [n], 0 or 1. */
  arms: Uint32Array;
}

/** `n` points, alternating between the arms; each arm makes three quarters of a turn. */
export function spirals(n: number): Points {
  const places = new Float32Array(n * 2);
  const arms = Uint32Array.from({ length: n }, (_, i) => i % 2);
  arms.forEach((arm, i) => {
    const t = (i + 1) / n;
    const angle = t * 1.5 * Math.PI + arm * Math.PI;
    places.set([t * Math.cos(angle), t * Math.sin(angle)], i * 2);
  });
  return { places, arms };
}

/** Centres of a `side` × `side` grid over [-1, 1]², row by row from the top: [side², 2]. */
export function grid(side: number): Float32Array {
  const at = (i: number): number => ((i + 0.5) / side) * 2 - 1;
  return Float32Array.from({ length: side * side * 2 }, (_, k) => {
    const i = k >> 1;
    return k % 2 === 0 ? at(i % side) : -at(Math.floor(i / side));
  });
}

// The `wgsl` template tag: WGSL stays readable as a whole in the op's file, with TypeScript filling the holes.

/** What may fill a hole: text, or what `condition && text` leaves of it. */
export type Hole = string | number | boolean | null | undefined | readonly string[];

/** Joins a WGSL template; arrays are joined by newlines, `false`, `null` and `undefined` vanish. */
export function wgsl(strings: TemplateStringsArray, ...holes: Hole[]): string {
  let out = strings[0];
  holes.forEach((hole, i) => {
    if (typeof hole === 'string' || typeof hole === 'number') out += hole;
    else if (typeof hole === 'object' && hole !== null) out += hole.join('\n');
    out += strings[i + 1];
  });
  return out;
}

/**
 * A float literal of type f32; whole numbers get their point. NaN and infinities, which WGSL has no literals for, are calls
 * of the functions in non-finite.ts; what f32 cannot hold becomes infinite, as in a Float32Array.
 */
export function f32Literal(x: number): string {
  const rounded = Math.fround(x);
  if (Number.isNaN(rounded)) return 'notANumber()';
  if (!Number.isFinite(rounded)) return rounded < 0 ? '(-infinity())' : 'infinity()';
  if (Object.is(rounded, -0)) return 'bitcast<f32>(0x80000000u)';
  const text = String(rounded);
  return /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
}

/** `count` pieces of generated code, one per line. */
export const repeat = (count: number, piece: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => piece(i)).join('\n');

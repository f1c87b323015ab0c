// NaN and the infinities in WGSL. A WGSL compiler may assume that none arises (WGSL §15.7), may fold `x != x` to false, and
// refuses constants that are not finite: so they are made from, and known by, bits that it learns only when it runs.

/** Functions by name; `buildCall` adds to a kernel those that its text calls. */
const functions: Record<string, string> = {
  infinity: 'fn infinity() -> f32 { return bitcast<f32>(nonFiniteBits.x); }',
  notANumber: 'fn notANumber() -> f32 { return bitcast<f32>(nonFiniteBits.y); }',
  isNan: 'fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > nonFiniteBits.x; }',
  isInf: 'fn isInf(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) == nonFiniteBits.x; }',
  isNan4:
    'fn isNan4(x: vec4f) -> vec4<bool> { return (bitcast<vec4u>(x) & vec4u(0x7fffffffu)) > vec4u(nonFiniteBits.x); }',
  isInf4:
    'fn isInf4(x: vec4f) -> vec4<bool> { return (bitcast<vec4u>(x) & vec4u(0x7fffffffu)) == vec4u(nonFiniteBits.x); }',
};

/** The declarations that `code` needs: `infinity()`, `notANumber()`, `isNan(x)`, `isInf(x)` and those of vec4f. */
export function nonFiniteWgsl(code: string): string {
  const called = Object.keys(functions).filter((name) => new RegExp(`\\b${name}\\(`).test(code));
  if (called.length === 0) return '';
  return [
    'var<private> nonFiniteBits = vec2u(0x7f800000u, 0x7fc00000u);',
    ...called.map((name) => functions[name]),
  ].join('\n');
}

// ClipCap's --normalize_prefix: features divided by their L2 norm, on the host.

/** A copy with length 1 (an all-zero feature stays zero). Training and captioning must agree on whether to do it. */
export function normaliseFeatures(feature: Float32Array): Float32Array {
  const norm = Math.hypot(...feature);
  return norm === 0 ? feature.slice() : feature.map((value) => value / norm);
}

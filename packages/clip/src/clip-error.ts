// The error users see when a configuration, weights or inputs do not fit a CLIP model.

/** A configuration, weights or an input that does not fit; the message names the cause and the cure. */
export class ClipError extends Error {
  override name = 'ClipError';
}

// The error users see when a mapper's configuration, weights or inputs do not fit.

/** A configuration, checkpoint or input that does not fit a mapper; the message names the cause and the cure. */
export class MapperError extends Error {
  override name = 'MapperError';
}

// Every error the engine throws on purpose; each message names the op, the argument, the numbers and the cure.

export class TensorError extends Error {
  override name = 'TensorError';
}

/** Shapes that do not fit an op. */
export class ShapeError extends TensorError {
  override name = 'ShapeError';
}

/** An element type an op does not take. */
export class DTypeError extends TensorError {
  override name = 'DTypeError';
}

/** A size beyond what the adapter or WebGPU allows. */
export class LimitError extends TensorError {
  override name = 'LimitError';
}

/** A tensor, plan or device used after it was released. */
export class DisposedError extends TensorError {
  override name = 'DisposedError';
}

/** The GPU could not give the memory asked for. */
export class OutOfMemoryError extends TensorError {
  override name = 'OutOfMemoryError';
}

/** The GPU went away (driver reset, unplugged, destroyed). */
export class DeviceLostError extends TensorError {
  override name = 'DeviceLostError';
}

/** A feature (f16, subgroups, timestamps) the adapter does not offer. */
export class FeatureError extends TensorError {
  override name = 'FeatureError';
}

/** No WebGPU adapter answered. Command-line programs exit with {@link NoAdapterError.exitCode}. */
export class NoAdapterError extends TensorError {
  override name = 'NoAdapterError';
  readonly exitCode = 3;
}

// The one error of this package.

/** A file that cannot be read, or a tensor that cannot be had from it; names file, place, cause and what to do. */
export class TorchFileError extends Error {
  override name = 'TorchFileError';
}

/** Ends the reading with a TorchFileError whose start the giver has written: the file and the place in it. */
export type Fail = (cause: string) => never;

/** A `Fail` for one file, or one place in it. */
export function failFor(...places: readonly string[]): Fail {
  return (cause) => {
    throw new TorchFileError([...places, cause].join(': '));
  };
}

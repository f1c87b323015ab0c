// What a checkpoint and a model do not agree on, all of it at once, with both sides.
import { TensorError, type Shape } from '@foreword/tensor';

export interface ShapeDifference {
  /** Name in the model, and in the file. */
  name: string;
  place: string;
  /** What the model needs, and what the file has. */
  wanted: Shape;
  got: Shape;
}

export interface CheckpointFaults {
  /** Parameters of the model that the file lacks. */
  missing: readonly { name: string; shape: Shape }[];
  /** Tensors of the file that the model does not have. */
  unexpected: readonly string[];
  shapes: readonly ShapeDifference[];
}

const show = (shape: Shape): string => `[${shape.join(', ')}]`;

/** Faults of a kind that a message names; the error's lists have all. */
const mostNamed = 8;

/** The first of a list, and how many more there are. */
function some(list: readonly string[], separator = ', '): string {
  const more = list.length - mostNamed;
  return list.slice(0, mostNamed).join(separator) + (more > 0 ? `${separator}… and ${more} more` : '');
}

/** A file that does not fit a model. */
export class CheckpointError extends TensorError implements CheckpointFaults {
  override name = 'CheckpointError';
  readonly missing: CheckpointFaults['missing'];
  readonly unexpected: CheckpointFaults['unexpected'];
  readonly shapes: CheckpointFaults['shapes'];

  constructor(source: string, { missing, unexpected, shapes }: CheckpointFaults) {
    const lines = [
      missing.length > 0 &&
        `  missing in the file: ${some(missing.map(({ name, shape }) => `${name} ${show(shape)}`))}`,
      unexpected.length > 0 && `  unknown to the model: ${some(unexpected)}`,
      some(
        shapes.map(({ name, place, wanted, got }) => {
          const where = place === name ? '' : ` (${place})`;
          return `  other shape: ${name}${where} is ${show(got)} in the file, but ${show(wanted)} in the model`;
        }),
        '\n',
      ),
    ];
    super([`${source}: the file does not fit the model`, ...lines.filter(Boolean)].join('\n'));
    this.missing = missing;
    this.unexpected = unexpected;
    this.shapes = shapes;
  }
}

export interface NameComparison {
  wanted: ReadonlyMap<string, Shape>;
  /** By name in the model; a shape that is only known once values are read is left out. */
  found: ReadonlyMap<string, { shape?: Shape; place: string }>;
  unexpected: readonly string[];
}

/** Equal, or both of one element: a scalar may be stored with an axis of size 1. */
const fits = (got: Shape, wanted: Shape): boolean =>
  got.join() === wanted.join() || (wanted.length === 0 && got.every((n) => n === 1));

/** @throws CheckpointError unless everything that is wanted was found, in its shape, and nothing else. */
export function compareNames(source: string, { wanted, found, unexpected }: NameComparison): void {
  const missing: { name: string; shape: Shape }[] = [];
  const shapes: ShapeDifference[] = [];
  for (const [name, shape] of wanted) {
    const got = found.get(name);
    if (!got) missing.push({ name, shape });
    else if (got.shape && !fits(got.shape, shape))
      shapes.push({ name, place: got.place, wanted: shape, got: got.shape });
  }
  if (missing.length > 0 || unexpected.length > 0 || shapes.length > 0)
    throw new CheckpointError(source, { missing, unexpected, shapes });
}

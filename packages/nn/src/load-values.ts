// Writes host values into the parameters of a model, after all names and shapes have been compared.
import type { Shape, Tensor } from '@foreword/tensor';
import { compareNames } from './checkpoint-error.ts';

/** A tensor on the host, row-major. */
export interface HostTensor {
  shape: Shape;
  data: ArrayLike<number>;
}

export type StateValues = ReadonlyMap<string, HostTensor> | Readonly<Record<string, HostTensor>>;

/** @throws CheckpointError listing all that does not fit; nothing is written then. */
export function loadValues(targets: ReadonlyMap<string, Tensor>, state: StateValues): void {
  const values = new Map<string, HostTensor>(
    state instanceof Map
      ? (state as ReadonlyMap<string, HostTensor>)
      : Object.entries(state as Record<string, HostTensor>),
  );
  compareNames('loadStateDict', {
    wanted: new Map([...targets].map(([name, t]) => [name, t.shape])),
    found: new Map([...values].map(([name, { shape }]) => [name, { shape, place: name }])),
    unexpected: [...values.keys()].filter((name) => !targets.has(name)),
  });
  for (const [name, t] of targets) t.write(values.get(name)!.data);
}

// A sample of OpInfo as rules see it, with its tensors on the GPU.
import type { Tensor } from '../../../src/node.ts';

/** What JSON holds of an argument. */
export type Encoded =
  | null
  | boolean
  | number
  | string
  | { tensor: string; kind: 'number' | 'bool'; leaf?: number | null; weight?: string }
  | { number: string }
  | Encoded[];

export interface TorchCase {
  op: string;
  sample: number;
  args: Encoded[];
  kwargs: Record<string, Encoded>;
  outputs: { tensor: string; kind: string; weight?: string }[];
  /** Of the tensors with a `leaf` number, null where the result does not depend on one. */
  grads: (string | null)[];
}

export type Argument = undefined | boolean | number | string | Tensor | Argument[];

export class TorchCall {
  readonly #args: Argument[];
  readonly #kwargs: Record<string, Argument>;

  constructor(args: Argument[], kwargs: Record<string, Argument>) {
    this.#args = args;
    this.#kwargs = kwargs;
  }

  /** An argument by place or name; None is undefined. */
  at(place: number, name: string): Argument {
    return this.#args[place] ?? this.#kwargs[name];
  }

  tensor(place: number, name = ''): Tensor {
    return this.at(place, name) as Tensor;
  }

  maybeTensor(place: number, name: string): Tensor | undefined {
    return this.at(place, name) as Tensor | undefined;
  }

  number(place: number, name: string, otherwise: number): number {
    return (this.at(place, name) as number | undefined) ?? otherwise;
  }

  flag(place: number, name: string, otherwise = false): boolean {
    return (this.at(place, name) as boolean | undefined) ?? otherwise;
  }

  text<T extends string>(place: number, name: string, otherwise: T): T {
    return (this.at(place, name) as T | undefined) ?? otherwise;
  }

  /** A number or numbers as a list. */
  numbers(place: number, name: string): number[] | undefined {
    const given = this.at(place, name) as number | number[] | undefined;
    return given === undefined || Array.isArray(given) ? given : [given];
  }

  has(name: string): boolean {
    return this.#kwargs[name] !== undefined;
  }

  get size(): number {
    return this.#args.length;
  }
}

/** Why a sample is left out. */
export class TorchSkip extends Error {}

export type TorchRule = (call: TorchCall) => Tensor | readonly Tensor[];
export type TorchRules = Readonly<Record<string, TorchRule>>;

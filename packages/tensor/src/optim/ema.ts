// Exponential moving average of the parameters that an optimiser trains (Polyak & Juditsky 1992).
import { TensorError } from '../core/errors.ts';
import { runFlat } from '../kernel/flat.ts';
import { f32Literal, wgsl } from '../kernel/wgsl.ts';
import type { LaunchContext } from '../op.ts';
import { copyInto } from '../ops/unary/cast.ts';
import { emptyTensor, Tensor } from '../tensor.ts';
import type { ParameterArena } from './arena.ts';
import type { Optimizer } from './optimizer.ts';

export interface EmaOptions {
  /** Share that the average keeps at each update; default 0.999. */
  decay?: number;
}

/**
 * average ← decay · average + (1 − decay) · parameter, begun with the parameters as they are. One kernel per segment.
 * @example
 * const ema = new Ema(optimizer, { decay: 0.999 });
 * optimizer.step(loss);
 * ema.update();
 * ema.swap(); // the model computes with the averages
 * await evaluate(model);
 * ema.swap(); // and trains on with its own weights
 */
export class Ema {
  readonly #arena: ParameterArena;
  readonly #decay: number;
  readonly #averages: readonly Tensor[];

  constructor({ arena }: Optimizer, { decay = 0.999 }: EmaOptions = {}) {
    if (!(decay >= 0 && decay < 1))
      throw new TensorError(`Ema: decay is ${decay}; a number from 0 and below 1 is needed`);
    if (arena.device.trace) throw new TensorError('Ema: made inside compile; make it before the plan');
    this.#arena = arena;
    this.#decay = decay;
    this.#averages = arena.segments.map(({ values }) =>
      copyInto(values, emptyTensor(arena.device, values.shape, { persistent: true, madeBy: 'Ema' })),
    );
  }

  /** Takes the parameters into the average; eager, or inside `compile` after the optimiser's step. */
  update(): void {
    const decay = f32Literal(this.#decay);
    const rest = f32Literal(1 - this.#decay);
    this.#arena.segments.forEach(({ values }, s) =>
      runFlat(this.#context('ema'), values.size, {
        read: { value: values },
        write: { average: this.#averages[s] },
        flopsPerElement: 3,
        code: wgsl`fn thread(i: u32) { average[i] = ${decay} * average[i] + ${rest} * value[i]; }`,
      }),
    );
  }

  /** Exchanges parameters and averages. */
  swap(): void {
    this.#arena.segments.forEach(({ values }, s) =>
      runFlat(this.#context('ema swap'), values.size, {
        read: {},
        write: { value: values, average: this.#averages[s] },
        code: wgsl`fn thread(i: u32) { let x = value[i]; value[i] = average[i]; average[i] = x; }`,
      }),
    );
    this.#arena.publish();
  }

  /** The averages by parameter name, for checkpoints; views of this object's memory. */
  state(): Record<string, Tensor> {
    const named = this.#arena.segments.flatMap(({ slots }, s) =>
      slots.map(({ name, parameter: { shape }, begin }) => {
        const place = { storage: this.#averages[s].storage, byteOffset: 4 * begin };
        return [name, new Tensor(this.#arena.device, shape, 'f32', place)] as const;
      }),
    );
    return Object.fromEntries(named);
  }

  /** Frees the averages; the parameters stay. */
  dispose(): void {
    for (const t of this.#averages) t.dispose();
  }

  #context(name: string): LaunchContext {
    const { device } = this.#arena;
    return { device, run: (spec) => device.run(name, spec) };
  }
}

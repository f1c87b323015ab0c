// AdamW (Loshchilov & Hutter 2019, Algorithm 2) over a flat arena, with clipping by the global norm.
//
// One kernel updates all parameters of a segment. Everything that changes from step to step lies in a small
// buffer that `schedule` writes, so a plan that contains `step` can be replayed.
import type { Device } from '../core/device.ts';
import { TensorError } from '../core/errors.ts';
import { grad } from '../autograd/grad.ts';
import { runFlat, windowElements } from '../kernel/flat.ts';
import { window } from '../kernel/kernel.ts';
import { f32Literal, wgsl } from '../kernel/wgsl.ts';
import type { LaunchContext } from '../op.ts';
import { concat } from '../ops/move/concat.ts';
import { sqrt } from '../ops/unary/activations.ts';
import { sum } from '../ops/reduce/reduce.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import { ParameterArena } from './arena.ts';

export interface AdamWOptions {
  /** Decay rates of the moments; default [0.9, 0.999]. */
  betas?: readonly [number, number];
  eps?: number;
  /** Decoupled weight decay; default 0. */
  weightDecay?: number;
  /** Which parameters decay; default all. */
  decays?: (name: string) => boolean;
  /** Gradients are scaled so that their global norm is at most this; default: no clipping. */
  clipNorm?: number;
  /**
   * Where ε stands: 'torch' adds it to the corrected √v̂ (PyTorch's AdamW); 'transformers' adds it to √v
   * before the correction (Hugging Face's former AdamW, which ClipCap used).
   */
  variant?: 'torch' | 'transformers';
}

/** Squares of at most this many elements are summed by one invocation. */
const perPartial = 256;

export class AdamW {
  readonly device: Device;
  readonly arena: ParameterArena;
  readonly #options: Required<Omit<AdamWOptions, 'decays'>>;
  /** [step size, ε, learning rate · weight decay, largest norm] */
  readonly #hyper: Tensor;
  readonly #norm: Tensor;

  /** Gathers `parameters` (name → f32 leaf) into one arena; the same Tensor objects stay in use. */
  constructor(device: Device, parameters: Readonly<Record<string, Tensor>>, options: AdamWOptions = {}) {
    const { betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, clipNorm = 0, variant = 'torch' } = options;
    if (Object.keys(parameters).length === 0)
      throw new TensorError('AdamW: there are no parameters to train');
    this.device = device;
    this.#options = { betas, eps, weightDecay, clipNorm, variant };
    this.arena = new ParameterArena(device, parameters, options.decays ?? (() => true));
    this.#hyper = emptyTensor(device, [4], { persistent: true });
    this.#norm = emptyTensor(device, [1], { persistent: true });
  }

  /** Sets the learning rate for the coming update. `step` counts updates from 1 (for the bias correction). */
  schedule(step: number, learningRate: number): void {
    const { betas, eps, weightDecay, clipNorm, variant } = this.#options;
    const root = Math.sqrt(1 - betas[1] ** step);
    const stepSize = (learningRate * root) / (1 - betas[0] ** step);
    this.#hyper.write([
      stepSize,
      variant === 'torch' ? eps * root : eps,
      learningRate * weightDecay,
      clipNorm,
    ]);
  }

  /**
   * One update from the gradients of `loss`; returns their global norm before clipping, [1].
   * Eager, or inside `compile`: there the backward kernels write straight into the arena.
   */
  step(loss: Tensor): Tensor {
    const { slots } = this.arena;
    grad(
      loss,
      slots.map((s) => s.parameter),
      { into: slots.map((s) => s.grad), allowUnused: true },
    );
    this.#globalNorm();
    for (const segment of this.arena.segments) this.#update(segment);
    return this.#norm;
  }

  /** Moments by parameter name, for checkpoints. */
  state(): Record<string, Tensor> {
    return Object.fromEntries(
      this.arena.slots.flatMap((s) => [
        [`m.${s.name}`, s.firstMoment],
        [`v.${s.name}`, s.secondMoment],
      ]),
    );
  }

  /** Frees the arena, parameters included. */
  dispose(): void {
    this.arena.dispose();
    this.#hyper.dispose();
    this.#norm.dispose();
  }

  #context(name: string): LaunchContext {
    return { device: this.device, run: (spec) => this.device.run(name, spec) };
  }

  /** ‖g‖ over all segments: partial sums of squares in a fixed order, then one sum. */
  #globalNorm(): void {
    const { device } = this;
    const { run } = this.#context('gradient norm');
    const parts: Tensor[] = [];
    for (const { grads } of this.arena.segments) {
      const step = windowElements(device.bindingLimit, [grads]);
      for (let first = 0; first < grads.size; first += step) {
        const count = Math.min(step, grads.size - first);
        const partials = Math.ceil(count / perPartial);
        const out = emptyTensor(device, [partials]);
        run({
          read: { g: window(grads, first, count, 4) },
          write: { out },
          threads: partials,
          flops: 2 * count,
          // Neighbouring invocations read neighbouring vectors.
          code: wgsl`fn thread(i: u32) {
            var total = vec4f();
            for (var k = i; k < ${count / 4}u; k += ${partials}u) { total += g[k] * g[k]; }
            out[i] = (total.x + total.y) + (total.z + total.w);
          }`,
        });
        parts.push(out);
      }
    }
    const squares = sum(parts.length === 1 ? parts[0] : concat(parts, { axis: 0 }));
    const norm = sqrt(squares);
    run({
      name: 'gradient norm',
      read: { norm },
      write: { out: this.#norm },
      threads: 1,
      code: 'fn thread(i: u32) { out[0] = norm[0]; }',
    });
  }

  #update({ values, grads, firstMoment, secondMoment, decayEnd }: ParameterArena['segments'][number]): void {
    const [b1, b2] = this.#options.betas;
    const { clipNorm, weightDecay } = this.#options;
    runFlat(this.#context('adamW'), values.size, {
      name: 'adamW',
      read: { grad: grads },
      write: { value: values, m: firstMoment, v: secondMoment },
      also: { hyper: this.#hyper, norm: this.#norm },
      flopsPerElement: 12,
      code: wgsl`fn thread(i: u32) {
        var g = grad[i];
        ${clipNorm > 0 && 'g *= min(1.0f, hyper[3] / (norm[0] + 1e-6f));'}
        let newM = ${f32Literal(b1)} * m[i] + ${f32Literal(1 - b1)} * g;
        let newV = ${f32Literal(b2)} * v[i] + ${f32Literal(1 - b2)} * g * g;
        var x = value[i];
        ${weightDecay > 0 && `if ((i + FIRST) * ${values.size % 4 === 0 ? 4 : 1}u < ${decayEnd}u) { x -= hyper[2] * x; }`}
        value[i] = x - hyper[0] * newM / (sqrt(newV) + hyper[1]);
        m[i] = newM;
        v[i] = newV;
      }`,
    });
  }
}

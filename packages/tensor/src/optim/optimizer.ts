// What all optimisers share: a flat arena, one kernel per segment, clipping, accumulation, and the rates of a step.
//
// Everything that changes from step to step lies in a small buffer on the GPU: the number of updates advances there,
// so that a replayed plan corrects its moments as an eager loop does. `schedule` overrides it for the coming update.
import type { Device } from '../core/device.ts';
import { TensorError } from '../core/errors.ts';
import { grad } from '../autograd/grad.ts';
import { runFlat } from '../kernel/flat.ts';
import { f32Literal, wgsl } from '../kernel/wgsl.ts';
import type { LaunchContext } from '../op.ts';
import { emptyTensor, Tensor } from '../tensor.ts';
import { ParameterArena, type Segment } from './arena.ts';
import { gradientNorm } from './gradient-norm.ts';
import { LossScale, type LossScaleOptions } from './loss-scale.ts';
import { trainableParameters, type TrainableParameters } from './trainable-parameters.ts';

export interface OptimizerOptions {
  /** Learning rate, until `lr` or `schedule` changes it. */
  lr?: number;
  /** Which parameters have weight decay, by name; default all. */
  decays?: (name: string) => boolean;
  /** Gradients are scaled so that their global norm is at most this (PyTorch's clip_grad_norm_); default: not at all. */
  clipNorm?: number;
  /** Each element of a gradient is brought into ±this (clip_grad_value_); not together with `clipNorm`. */
  clipValue?: number;
  /**
   * Scales the loss, so that gradients of f16 activations do not vanish; an update whose gradients overflow is left out, and
   * halves the scale. Default: not at all, which is right where activations are f32.
   */
  lossScale?: LossScaleOptions;
  /** Makes room for {@link Optimizer.accumulate}; one more number for each parameter. */
  accumulates?: boolean;
}

/** One optimiser's formula. `rates` and its WGSL say the same, for a rate set by the host and for one that lies on the GPU. */
export interface UpdateRule {
  /** In errors. */
  name: string;
  kernel: string;
  moments: readonly string[];
  flopsPerElement: number;
  /** Three numbers that `code` reads as rates[0] to rates[2]. `step` counts updates from 1. */
  rates(step: number, lr: number): [number, number, number];
  /** Body of `fn ratesOf(step: f32, lr: f32) -> vec3f`. */
  ratesWgsl: string;
  /** Statements of vec4f `g` (the gradient) and `x` (the values), where the parameter decays: before `code` and after it. */
  decayBefore?: string;
  decayAfter?: string;
  /** Statements that change `x` and the moments at `[i]`. */
  code: string;
}

/** Places in the buffer of rates, after the three of the rule. */
const place = { coefficient: 3, count: 4, lr: 5, isGiven: 6 } as const;

/** Throws unless `value` is a finite number from 0, or in [0, `below`). */
export function assertRate(of: string, name: string, value: number, below = Infinity): void {
  if (!(value >= 0 && value < below)) {
    const wanted = below === Infinity ? 'a finite number from 0' : `a number from 0 and below ${below}`;
    throw new TensorError(`${of}: ${name} is ${value}; ${wanted} is needed`);
  }
}

export abstract class Optimizer {
  readonly device: Device;
  readonly arena: ParameterArena;
  readonly #rule: UpdateRule;
  readonly #options: OptimizerOptions;
  /** [rates of the update (3), clip coefficient, updates done, learning rate, 1 if the host gave the rates] */
  readonly #rates: Tensor;
  readonly #norm: Tensor;
  /** Sums of accumulated gradients, one for each segment. */
  readonly #sums: readonly Tensor[];
  readonly #scale: LossScale | undefined;
  #lr: number;

  /**
   * Gathers `parameters` (leaves) into one arena; the same Tensor objects stay in use. Those in f16 have f32 masters, and are
   * rounded from them after every update: values that are written into such a parameter itself do not last.
   * @throws TensorError naming a parameter that cannot be trained, or an option that makes no sense; nothing has changed then.
   */
  constructor(rule: UpdateRule, parameters: TrainableParameters, options: OptimizerOptions & { lr: number }) {
    const { lr, decays = () => true, clipNorm, clipValue, accumulates = false } = options;
    const { name: of, moments } = rule;
    assertRate(of, 'lr', lr);
    for (const [name, value] of Object.entries({ clipNorm, clipValue })) {
      if (value !== undefined && !(value > 0 && value < Infinity))
        throw new TensorError(`${of}: ${name} is ${value}; a finite number above 0 is needed`);
    }
    if (clipNorm !== undefined && clipValue !== undefined)
      throw new TensorError(`${of}: clipNorm and clipValue are both given; choose one`);
    this.#rule = rule;
    this.#options = options;
    this.#lr = lr;
    this.arena = new ParameterArena(trainableParameters(of, parameters), { of, moments, decays });
    const { device, segments } = this.arena;
    this.device = device;
    const own = (size: number, madeBy: string): Tensor =>
      emptyTensor(device, [size], { persistent: true, madeBy });
    this.#rates = own(7, `${of} rates`).write([0, 0, 0, 1, 0, lr, 0]);
    this.#norm = own(1, 'gradient norm');
    this.#scale = options.lossScale && new LossScale(device, of, options.lossScale);
    this.#sums = accumulates ? segments.map(({ grads }) => own(grads.size, `${of} sums`)) : [];
  }

  /** The learning rate of the coming updates, until it is changed. */
  get lr(): number {
    return this.#lr;
  }

  set lr(lr: number) {
    assertRate(this.#rule.name, 'lr', lr);
    this.#lr = lr;
    this.#rates.writeRange(place.lr, [lr, 0]);
  }

  /**
   * Sets the learning rate, and which update comes next: `step` counts from 1. Updates after it count on by themselves
   * and keep the rate.
   * @example
   * for (let step = 1; step <= total; step++) {
   *   optimizer.schedule(step, cosine(step - 1));
   *   plan.run(batch);
   * }
   */
  schedule(step: number, lr: number): void {
    const { name } = this.#rule;
    if (!Number.isInteger(step) || step < 1)
      throw new TensorError(
        `${name}: schedule: step is ${step}; updates are counted from 1, in whole numbers`,
      );
    assertRate(name, 'schedule: lr', lr);
    this.#lr = lr;
    this.#rates.write([...this.#rule.rates(step, lr), 1, step - 1, lr, 1]);
  }

  /**
   * One update from the gradients of `loss`; returns their global norm before clipping, [1]. Eager, or inside `compile`:
   * there the backward kernels write straight into the arena.
   *
   * A parameter that the loss does not depend on stays as it is, decay and moments included, as in PyTorch (grad None).
   * With `accumulates` all parameters are updated, from the gradients of `loss`, if given, and those accumulated.
   * @throws TensorError when the loss depends on no parameter, or none is given and nothing accumulates.
   */
  step(loss?: Tensor): Tensor {
    const unused = loss ? this.#backward(loss) : new Set<Tensor>();
    if (this.#sums.length > 0) this.#addSums(loss !== undefined);
    else if (!loss) throw this.#noRoom('step without a loss');
    const isUsed = (parameter: Tensor): boolean => this.#sums.length > 0 || !unused.has(parameter);
    this.device.scope(() => this.#prepare(gradientNorm(this.#context('gradient norm'), this.arena.segments)));
    for (const segment of this.arena.segments) this.#update(segment, isUsed);
    this.arena.publish();
    return this.#norm;
  }

  /**
   * Adds the gradients of `loss` to those that the next {@link Optimizer.step} uses. The sum is not divided: scale each loss
   * by 1/n for the mean of n.
   * @throws TensorError unless the optimiser was made with `accumulates`.
   */
  accumulate(loss: Tensor): void {
    if (this.#sums.length === 0) throw this.#noRoom('accumulate');
    this.#backward(loss);
    this.arena.segments.forEach(({ grads }, s) =>
      runFlat(this.#context('accumulate'), grads.size, {
        read: { grad: grads },
        write: { total: this.#sums[s] },
        code: 'fn thread(i: u32) { total[i] += grad[i]; }',
      }),
    );
  }

  /**
   * What a checkpoint needs to go on with: moments by parameter name (`m.weight`), f32 masters of f16 parameters
   * (`master.weight`), the scale of the loss, and `step`, the number of updates done. Views of the optimiser's memory:
   * write into them to restore.
   */
  state(): Record<string, Tensor> {
    const kept = this.arena.slots.flatMap(({ name, moments, master }): [string, Tensor][] => [
      ...moments.map((t, i): [string, Tensor] => [`${this.#rule.moments[i]}.${name}`, t]),
      ...(master ? [[`master.${name}`, master] as [string, Tensor]] : []),
    ]);
    if (this.#scale) kept.push(['lossScale', this.#scale.tensor]);
    const { storage } = this.#rates;
    const step = new Tensor(this.device, [1], 'f32', { storage, byteOffset: 4 * place.count });
    return { ...Object.fromEntries(kept), step };
  }

  /** Ends the training: parameters get memory of their own again, and may go to another optimiser; moments are freed. */
  release(): void {
    this.arena.release();
    this.#disposeOwn();
  }

  /** Frees everything, parameters included. */
  dispose(): void {
    this.arena.dispose();
    this.#disposeOwn();
  }

  #disposeOwn(): void {
    for (const t of [this.#rates, this.#norm, ...this.#sums]) t.dispose();
    this.#scale?.tensor.dispose();
  }

  #noRoom(what: string): TensorError {
    return new TensorError(`${this.#rule.name}: ${what}: make the optimiser with { accumulates: true }`);
  }

  #context(name: string): LaunchContext {
    return { device: this.device, run: (spec) => this.device.run(name, spec) };
  }

  /** Gradients into the arena; returns the parameters that the loss does not depend on. */
  #backward(loss: Tensor): Set<Tensor> {
    const { slots } = this.arena;
    const unused = new Set<Tensor>();
    const parameters = slots.map((s) => s.parameter);
    grad(loss, parameters, {
      seed: this.#scale?.seed(loss.shape),
      into: slots.map((s) => s.grad),
      allowUnused: true,
      onUnused: (t) => void unused.add(t),
    });
    if (unused.size === slots.length) {
      throw new TensorError(
        `${this.#rule.name}: the loss depends on none of the ${slots.length} parameters (${slots[0].name} …); was it computed inside noGrad, or from others?`,
      );
    }
    return unused;
  }

  #addSums(hasLoss: boolean): void {
    this.arena.segments.forEach(({ grads }, s) =>
      runFlat(this.#context('add accumulated'), grads.size, {
        read: {},
        write: { grad: grads, total: this.#sums[s] },
        code: wgsl`fn thread(i: u32) { grad[i] ${hasLoss ? '+=' : '='} total[i]; total[i] = V(); }`,
      }),
    );
  }

  /** Counts the update, and finds its rates and the clip coefficient. A norm that is NaN makes the coefficient NaN, as in PyTorch. */
  #prepare(norm: Tensor): void {
    const { clipNorm } = this.#options;
    const scale = this.#scale;
    this.#context('gradient norm').run({
      read: { norm },
      write: { out: this.#norm, rates: this.#rates, ...(scale && { scaling: scale.tensor }) },
      threads: 1,
      code: wgsl`fn ratesOf(step: f32, lr: f32) -> vec3f { ${this.#rule.ratesWgsl} }
      fn thread(i: u32) {
        ${scale ? `let scaled = norm[0]; let n = scaled / scaling[0];` : 'let n = norm[0];'}
        out[0] = n;
        ${scale?.adapt(`rates[${place.isGiven}] = 0.0f;`)}
        let step = rates[${place.count}] + 1.0f;
        rates[${place.count}] = step;
        if (rates[${place.isGiven}] == 0.0f) {
          let r = ratesOf(step, rates[${place.lr}]);
          rates[0] = r.x; rates[1] = r.y; rates[2] = r.z;
        }
        rates[${place.isGiven}] = 0.0f;
        ${clipNorm !== undefined && clipWgsl(clipNorm)}
        ${scale && `rates[${place.coefficient}] = ${clipNorm === undefined ? '1.0f' : `rates[${place.coefficient}]`} / used;`}
      }`,
    });
  }

  #update(segment: Segment, isUsed: (parameter: Tensor) => boolean): void {
    for (const { begin, end } of usedRuns(segment, isUsed)) {
      const part = (t: Tensor): Tensor =>
        new Tensor(this.device, [end - begin], 'f32', {
          storage: t.storage,
          byteOffset: t.byteOffset + 4 * begin,
        });
      this.#updateRun(segment, part, { size: end - begin, decayEnd: segment.decayEnd - begin });
    }
  }

  #updateRun(
    { values, grads, moments }: Segment,
    part: (t: Tensor) => Tensor,
    { size, decayEnd }: { size: number; decayEnd: number },
  ): void {
    const rule = this.#rule;
    const scale = this.#scale;
    const { clipNorm, clipValue } = this.#options;
    const where = (statement: string | undefined): string | undefined =>
      decayEnd > 0 ? statement && `if ((i + FIRST) * 4u < ${decayEnd}u) { ${statement} }` : undefined;
    const bound = clipValue !== undefined && `vec4f(${f32Literal(clipValue)})`;
    runFlat(this.#context(rule.kernel), size, {
      name: rule.kernel,
      read: { grad: part(grads) },
      write: {
        value: part(values),
        ...Object.fromEntries(rule.moments.map((name, k) => [name, part(moments[k])])),
      },
      also: { rates: this.#rates, ...(scale && { scaling: scale.tensor }) },
      flopsPerElement: rule.flopsPerElement,
      code: wgsl`fn thread(i: u32) {
        ${scale && `if (${scale.isSkipped}) { return; }`}
        var g = grad[i];
        ${(scale ?? clipNorm) !== undefined && `g *= rates[${place.coefficient}];`}
        ${bound && `g = select(clamp(g, -${bound}, ${bound}), g, isNan4(g));`}
        var x = value[i];
        ${where(rule.decayBefore)}
        ${rule.code}
        ${where(rule.decayAfter)}
        value[i] = x;
      }`,
    });
  }
}

/** Without isNan, min would drop a NaN and so switch clipping off. */
const clipWgsl = (clipNorm: number): string =>
  `rates[${place.coefficient}] = select(min(1.0f, ${f32Literal(clipNorm)} / (n + 1e-6f)), n, isNan(n));`;

/** Neighbouring parameters that are used, as ranges of elements: one, where all are. */
function usedRuns(
  { slots }: Segment,
  isUsed: (parameter: Tensor) => boolean,
): { begin: number; end: number }[] {
  const runs: { begin: number; end: number }[] = [];
  for (const { parameter, begin, end } of slots) {
    if (!isUsed(parameter)) continue;
    const last = runs.at(-1);
    if (last?.end === begin) last.end = end;
    else runs.push({ begin, end });
  }
  return runs;
}

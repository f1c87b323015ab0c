// The same training step in jax-js, compiled by its jit: value and gradient in one function, the update in another.
//
// Every use of an array consumes it unless it is taken through `.ref`; that is jax-js' rule of ownership.
import type { TrainingStep } from './foreword-step.ts';
import type { HostArray } from '../works/host-arrays.ts';
import { correctedRates, stepOptimizer, type StepValues } from './step-values.ts';

type Operand = JaxArray | number;

/** The part of a jax-js array that is used; the package is installed on demand, so no types come with it. */
export interface JaxArray {
  readonly ref: JaxArray;
  add(b: Operand): JaxArray;
  sub(b: Operand): JaxArray;
  mul(b: Operand): JaxArray;
  div(b: Operand): JaxArray;
  reshape(shape: number[]): JaxArray;
  data(): Promise<Float32Array>;
  dispose(): void;
}

type Tree = { [name: string]: JaxArray };

/** The part of `@jax-js/jax` that is used. */
export interface Jax {
  init(...devices: string[]): Promise<string[]>;
  defaultDevice(device: string): void;
  jit<F>(fn: F): F;
  valueAndGrad<A extends unknown[]>(
    fn: (trained: Tree, ...rest: A) => JaxArray,
  ): (trained: Tree, ...rest: A) => [JaxArray, Tree];
  tree: { ref<T>(tree: T): T };
  numpy: {
    int32: unknown;
    array(values: ArrayLike<number>, options?: { dtype: unknown }): JaxArray;
    zeros(shape: number[]): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
    mean(x: JaxArray, axis: number, options: { keepdims: boolean }): JaxArray;
    sum(x: JaxArray): JaxArray;
    square(x: JaxArray): JaxArray;
    sqrt(x: JaxArray): JaxArray;
    tanh(x: JaxArray): JaxArray;
    transpose(x: JaxArray): JaxArray;
    split(x: JaxArray, parts: number | number[], axis: number): JaxArray[];
    concatenate(parts: JaxArray[], axis: number): JaxArray;
    take(x: JaxArray, indices: JaxArray, axis: number): JaxArray;
  };
  nn: {
    gelu(x: JaxArray): JaxArray;
    softmax(x: JaxArray, axis: number): JaxArray;
    logSoftmax(x: JaxArray, axis: number): JaxArray;
    oneHot(indices: JaxArray, classes: number): JaxArray;
    dotProductAttention(q: JaxArray, k: JaxArray, v: JaxArray, options: { isCausal: boolean }): JaxArray;
  };
}

/** x [..., C] over its last axis, by public ops. */
export function jaxLayerNorm({ numpy: np }: Jax, x: JaxArray, gain: JaxArray, bias: JaxArray): JaxArray {
  const centred = x.ref.sub(np.mean(x, -1, { keepdims: true }));
  const variance = np.mean(np.square(centred.ref), -1, { keepdims: true });
  return centred
    .div(np.sqrt(variance.add(1e-5)))
    .mul(gain)
    .add(bias);
}

/** Uploads the weights; jit compiles at the first step. */
export function jaxStep(jax: Jax, values: StepValues): TrainingStep {
  const { numpy: np, nn, tree } = jax;
  const { L, C, H, V, P, R, B, F } = values.sizes;
  const T = P + R;
  const put = ({ data, shape }: HostArray): JaxArray => np.array(data).reshape(shape);
  const map = <A, Z>(entries: Iterable<[string, A]>, fn: (value: A) => Z): { [name: string]: Z } =>
    Object.fromEntries([...entries].map(([name, value]) => [name, fn(value)]));
  const frozen = map(values.gpt2, put);
  let trained = map(Object.entries(values.mapper), put);
  let first = map(Object.entries(values.mapper), ({ shape }) => np.zeros(shape));
  let second = map(Object.entries(values.mapper), ({ shape }) => np.zeros(shape));

  const lossOf = (m: Tree, w: Tree, features: JaxArray, embedded: JaxArray, targets: JaxArray): JaxArray => {
    const linear = (x: JaxArray, name: string): JaxArray =>
      np.matmul(x, w[`${name}.weight`]).add(w[`${name}.bias`]);
    const norm = (x: JaxArray, name: string): JaxArray =>
      jaxLayerNorm(jax, x, w[`${name}.weight`], w[`${name}.bias`]);
    const hidden = np.tanh(np.matmul(features, m.w1).add(m.b1));
    const prefix = np.matmul(hidden, m.w2).add(m.b2).reshape([B, P, C]);
    let x = np
      .concatenate([prefix, embedded], 1)
      .add(w['wpe.weight'].reshape([1, T, C]))
      .reshape([B * T, C]);
    for (let i = 0; i < L; i++) {
      const qkv = linear(norm(x.ref, `h.${i}.ln_1`), `h.${i}.attn.c_attn`).reshape([B, T, 3, H, C / H]);
      const [q, k, v] = np.split(qkv, 3, 2).map((part) => part.reshape([B, T, H, C / H]));
      const mixed = nn.dotProductAttention(q, k, v, { isCausal: true }).reshape([B * T, C]);
      x = x.add(linear(mixed, `h.${i}.attn.c_proj`));
      const inner = nn.gelu(linear(norm(x.ref, `h.${i}.ln_2`), `h.${i}.mlp.c_fc`));
      x = x.add(linear(inner, `h.${i}.mlp.c_proj`));
    }
    const [before, rest] = np.split(x.reshape([B, T, C]), [P - 1], 1);
    const [rows, after] = np.split(rest, [R], 1);
    for (const unused of [before, after]) unused.dispose();
    const logits = np.matmul(norm(rows, 'ln_f').reshape([B * R, C]), np.transpose(w['wte.weight']));
    return np.sum(nn.logSoftmax(logits, -1).mul(targets)).mul(-1 / (B * R));
  };
  const lossAndGradients = jax.jit(jax.valueAndGrad(lossOf));

  const { beta1, beta2, learningRate, weightDecay } = stepOptimizer;
  const update = jax.jit((m: Tree, grads: Tree, first: Tree, second: Tree, rates: Tree) => {
    const next = { trained: {} as Tree, first: {} as Tree, second: {} as Tree };
    for (const name of ['w1', 'b1', 'w2', 'b2']) {
      const average = first[name].mul(beta1).add(grads[name].ref.mul(1 - beta1));
      const square = second[name].mul(beta2).add(np.square(grads[name]).mul(1 - beta2));
      const change = average.ref.div(np.sqrt(square.ref).add(rates.eps.ref)).mul(rates.stepSize.ref);
      next.trained[name] = m[name].mul(1 - learningRate * weightDecay).sub(change);
      next.first[name] = average;
      next.second[name] = square;
    }
    for (const rate of [rates.eps, rates.stepSize]) rate.dispose();
    return next;
  });

  let step = 0;
  return {
    async next(): Promise<number> {
      const { stepSize, eps } = correctedRates(++step);
      const tokens = np.array(values.tokens, { dtype: np.int32 });
      const targets = nn.oneHot(tokens.ref, V);
      const embedded = np.take(frozen['wte.weight'].ref, tokens, 0).reshape([B, R, C]);
      const features = np.array(values.features).reshape([B, F]);
      const [loss, grads] = lossAndGradients(
        tree.ref(trained),
        tree.ref(frozen),
        features,
        embedded,
        targets,
      );
      const rates = { stepSize: np.array([stepSize]), eps: np.array([eps]) };
      ({ trained, first, second } = update(trained, grads, first, second, rates));
      // The update waits in the same queue, or is computed at once; reading its smallest result waits for it.
      const [[value]] = await Promise.all([loss.data(), trained.b2.ref.data()]);
      return value;
    },
  };
}

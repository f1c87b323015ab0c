// The same training step in TensorFlow.js, from its public ops as its documentation has them.
import type { TrainingStep } from './foreword-step.ts';
import type { HostArray } from '../works/host-arrays.ts';
import { correctedRates, stepOptimizer, type StepValues } from './step-values.ts';

/** The part of a TensorFlow.js tensor that is used; the package is installed on demand, so no types come with it. */
export interface TfTensor {
  data(): Promise<Float32Array>;
  dispose(): void;
}

export interface TfVariable extends TfTensor {
  readonly name: string;
  assign(value: TfTensor): void;
}

type Operand = TfTensor | number;

/** The part of `@tensorflow/tfjs` that is used. */
export interface Tf {
  readonly version: { tfjs: string };
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  getBackend(): string;
  tidy<T>(fn: () => T): T;
  dispose(what: unknown): void;
  tensor(values: ArrayLike<number>, shape: number[], dtype?: 'float32' | 'int32'): TfTensor;
  variable(initial: TfTensor, trainable: boolean, name?: string): TfVariable;
  zerosLike(x: TfTensor): TfTensor;
  variableGrads(f: () => TfTensor, of: TfVariable[]): { value: TfTensor; grads: Record<string, TfTensor> };
  add(a: Operand, b: Operand): TfTensor;
  sub(a: Operand, b: Operand): TfTensor;
  mul(a: Operand, b: Operand): TfTensor;
  div(a: Operand, b: Operand): TfTensor;
  square(x: TfTensor): TfTensor;
  sqrt(x: TfTensor): TfTensor;
  rsqrt(x: TfTensor): TfTensor;
  tanh(x: TfTensor): TfTensor;
  mean(x: TfTensor, axis: number, keepDims: boolean): TfTensor;
  sum(x: TfTensor): TfTensor;
  matMul(a: TfTensor, b: TfTensor, transposeA?: boolean, transposeB?: boolean): TfTensor;
  reshape(x: TfTensor, shape: number[]): TfTensor;
  transpose(x: TfTensor, order: number[]): TfTensor;
  concat(parts: TfTensor[], axis: number): TfTensor;
  split(x: TfTensor, parts: number, axis: number): TfTensor[];
  slice(x: TfTensor, begin: number[], size: number[]): TfTensor;
  gather(x: TfTensor, indices: TfTensor): TfTensor;
  oneHot(indices: TfTensor, depth: number): TfTensor;
  cast(x: TfTensor, dtype: 'float32'): TfTensor;
  softmax(x: TfTensor): TfTensor;
  logSoftmax(x: TfTensor): TfTensor;
}

/** Uploads nothing yet: TensorFlow.js does that, and compiles, when an op first needs it. */
export function tfjsStep(tf: Tf, values: StepValues): TrainingStep {
  const { L, C, H, V, P, R, B, F } = values.sizes;
  const T = P + R;
  const D = C / H;
  const put = ({ data, shape }: HostArray): TfTensor => tf.tensor(data, shape);
  const frozen = new Map([...values.gpt2].map(([name, array]) => [name, put(array)]));
  const w = (name: string): TfTensor => frozen.get(name)!;
  const trained = Object.entries(values.mapper).map(([name, array]) => {
    const value = tf.variable(put(array), true, name);
    const moment = (): TfVariable => tf.variable(tf.zerosLike(value), false);
    return { value, first: moment(), second: moment() };
  });
  const [w1, b1, w2, b2] = trained.map(({ value }) => value);
  const hidden = Float32Array.from({ length: T * T }, (_, i) => (i % T > Math.floor(i / T) ? -1e9 : 0));
  const mask = tf.tensor(hidden, [1, 1, T, T]);

  const linear = (x: TfTensor, name: string): TfTensor =>
    tf.add(tf.matMul(x, w(`${name}.weight`)), w(`${name}.bias`));
  const norm = (x: TfTensor, name: string): TfTensor => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const variance = tf.mean(tf.square(centred), -1, true);
    const scaled = tf.mul(centred, tf.rsqrt(tf.add(variance, 1e-5)));
    return tf.add(tf.mul(scaled, w(`${name}.weight`)), w(`${name}.bias`));
  };
  const geluNew = (x: TfTensor): TfTensor => {
    const cubic = tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715));
    return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(tf.mul(cubic, Math.sqrt(2 / Math.PI))), 1));
  };
  const attend = (qkv: TfTensor): TfTensor => {
    const parts = tf.split(tf.reshape(qkv, [B, T, 3 * C]), 3, 2);
    const [q, k, v] = parts.map((x) => tf.transpose(tf.reshape(x, [B, T, H, D]), [0, 2, 1, 3])); // [B, H, T, D]
    const scores = tf.add(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(D)), mask); // [B, H, T, T]
    const mixed = tf.matMul(tf.softmax(scores), v);
    return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [B * T, C]);
  };

  const lossOf = (features: TfTensor, embedded: TfTensor, targets: TfTensor): TfTensor => {
    const mapped = tf.add(tf.matMul(tf.tanh(tf.add(tf.matMul(features, w1), b1)), w2), b2);
    let x = tf.concat([tf.reshape(mapped, [B, P, C]), embedded], 1);
    x = tf.reshape(tf.add(x, w('wpe.weight')), [B * T, C]);
    for (let i = 0; i < L; i++) {
      const mixed = attend(linear(norm(x, `h.${i}.ln_1`), `h.${i}.attn.c_attn`));
      x = tf.add(x, linear(mixed, `h.${i}.attn.c_proj`));
      const inner = geluNew(linear(norm(x, `h.${i}.ln_2`), `h.${i}.mlp.c_fc`));
      x = tf.add(x, linear(inner, `h.${i}.mlp.c_proj`));
    }
    const rows = tf.slice(tf.reshape(x, [B, T, C]), [0, P - 1, 0], [B, R, C]);
    const logits = tf.matMul(tf.reshape(norm(rows, 'ln_f'), [B * R, C]), w('wte.weight'), false, true);
    return tf.mul(tf.sum(tf.mul(tf.logSoftmax(logits), targets)), -1 / (B * R));
  };

  const { beta1, beta2, learningRate, weightDecay } = stepOptimizer;
  const update = (step: number, grads: Record<string, TfTensor>): void => {
    const { stepSize, eps } = correctedRates(step);
    for (const { value, first, second } of trained) {
      const g = grads[value.name];
      first.assign(tf.add(tf.mul(first, beta1), tf.mul(g, 1 - beta1)));
      second.assign(tf.add(tf.mul(second, beta2), tf.mul(tf.square(g), 1 - beta2)));
      const change = tf.mul(tf.div(first, tf.add(tf.sqrt(second), eps)), stepSize);
      value.assign(tf.sub(tf.mul(value, 1 - learningRate * weightDecay), change));
    }
  };

  let step = 0;
  return {
    async next(): Promise<number> {
      step++;
      const loss = tf.tidy(() => {
        const features = tf.tensor(values.features, [B, F]);
        const tokens = tf.tensor(values.tokens, [B * R], 'int32');
        const embedded = tf.reshape(tf.gather(w('wte.weight'), tokens), [B, R, C]);
        const targets = tf.cast(tf.oneHot(tokens, V), 'float32');
        const variables = trained.map(({ value }) => value);
        const { value, grads } = tf.variableGrads(() => lossOf(features, embedded, targets), variables);
        update(step, grads);
        return value;
      });
      // The update was queued before this read, so waiting for the loss waits for it as well.
      const [value] = await loss.data();
      loss.dispose();
      return value;
    },
  };
}

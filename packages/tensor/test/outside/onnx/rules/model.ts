// ONNX's operators of models: products, norms, losses, dropout.
import * as f from '../../../../src/node.ts';
import type { Tensor } from '../../../../src/node.ts';
import { read, Skip, type NodeCall, type Rules, type Value } from '../value.ts';

/** ONNX has channels second, the engine last. */
const channelsLast = (x: Tensor): Tensor => f.movedim(x, 1, -1);
const channelsSecond = (x: Tensor): Tensor => f.movedim(x, -1, 1);

const isTraining = async (mode: Value | undefined): Promise<boolean> =>
  mode !== undefined && (await read(mode))[0] !== 0;

interface LossOptions {
  reduction: 'mean' | 'sum' | 'none';
  ignoreIndex?: number;
  weight?: Tensor;
}

const lossOptions = (call: NodeCall, weight: Value | undefined): LossOptions => ({
  reduction: call.text('reduction', 'mean') as 'mean' | 'sum' | 'none',
  ...(call.has('ignore_index') && { ignoreIndex: call.int('ignore_index', 0) }),
  weight: weight?.tensor,
});

export const model: Rules = {
  BatchNormalization: ([x, gain, bias, mean, variance], call) => {
    const { tensor, type } = x!;
    const eps = call.float('epsilon', 1e-5);
    const isTrained = call.int('training_mode', 0) === 1;
    const running = isTrained ? {} : { runningMean: mean!.tensor, runningVar: variance!.tensor };
    const options = { eps, training: isTrained, ...running };
    const y = channelsSecond(f.batchNorm(channelsLast(tensor), gain!.tensor, bias!.tensor, options));
    if (!isTrained) return [{ tensor: y, type }];
    // ONNX's running variance is that of the population, PyTorch's that of a sample.
    const axis = [...tensor.shape.keys()].filter((i) => i !== 1);
    const momentum = call.float('momentum', 0.9);
    const moved = (old: Tensor, fresh: Tensor): Tensor =>
      f.add(f.mul(old, momentum), f.mul(fresh, 1 - momentum));
    return [
      { tensor: y, type },
      { tensor: moved(mean!.tensor, f.mean(tensor, { axis })), type },
      { tensor: moved(variance!.tensor, f.var(tensor, { axis, correction: 0 })), type },
    ];
  },
  Dropout: async ([x, ratio, mode], call) => {
    const share = ratio ? (await read(ratio))[0] : call.float('ratio', 0.5);
    const trains = (await isTraining(mode)) || (call.opset < 7 && call.int('is_test', 0) === 0);
    if (trains && share > 0) throw new Skip('random numbers');
    const mask = f.ones(call.device, x!.tensor.shape, { dtype: 'u32' });
    return [x, { tensor: mask, type: 'bool' }];
  },
  Gemm: ([a, b, c], call) => {
    const turned = (t: Tensor, name: string): Tensor => (call.int(name, 0) ? f.transpose(t, [1, 0]) : t);
    const product = f.matmul(turned(a!.tensor, 'transA'), turned(b!.tensor, 'transB'));
    const scaled = f.mul(product, call.float('alpha', 1));
    const tensor = c ? f.add(scaled, f.mul(c.tensor, call.float('beta', 1))) : scaled;
    return [{ tensor, type: a!.type }];
  },
  InstanceNormalization: ([x, gain, bias], call) => {
    const options = { eps: call.float('epsilon', 1e-5) };
    const y = f.instanceNorm(channelsLast(x!.tensor), gain!.tensor, bias!.tensor, options);
    return [{ tensor: channelsSecond(y), type: x!.type }];
  },
  MatMul: ([a, b]) => [{ tensor: f.matmul(a!.tensor, b!.tensor), type: a!.type }],
  NegativeLogLikelihoodLoss: ([x, targets, weight], call) => {
    const tensor = f.nllLoss(channelsLast(x!.tensor), targets!.tensor, lossOptions(call, weight));
    return [{ tensor, type: x!.type }];
  },
  SoftmaxCrossEntropyLoss: ([x, targets, weight], call) => {
    const loss = f.crossEntropy(channelsLast(x!.tensor), targets!.tensor, lossOptions(call, weight));
    return [
      { tensor: loss, type: x!.type },
      { tensor: f.logSoftmax(x!.tensor, { axis: 1 }), type: x!.type },
    ];
  },
  Adagrad: async (inputs, call) => {
    const [rate, count, ...groups] = inputs as Value[];
    const [lr, t] = [(await read(rate))[0], (await read(count))[0]];
    const r = lr / (1 + t * call.float('decay_factor', 0));
    const [xs, gs, hs] = inParts(groups, 3);
    const results = xs.map((x, i) => {
      const g = f.add(f.mul(x, call.float('norm_coefficient', 0)), gs[i]);
      const h = f.add(hs[i], f.square(g));
      return [f.sub(x, f.mul(f.div(g, f.add(f.sqrt(h), call.float('epsilon', 1e-6))), r)), h];
    });
    return columns(results, groups[0].type);
  },
  Adam: async (inputs, call) => {
    const [rate, count, ...groups] = inputs as Value[];
    const [lr, t] = [(await read(rate))[0], (await read(count))[0]];
    const [alpha, beta] = [call.float('alpha', 0.9), call.float('beta', 0.999)];
    const r = t > 0 ? (lr * Math.sqrt(1 - beta ** t)) / (1 - alpha ** t) : lr;
    const [xs, gs, vs, hs] = inParts(groups, 4);
    const results = xs.map((x, i) => {
      const g = f.add(f.mul(x, call.float('norm_coefficient', 0)), gs[i]);
      const v = f.add(f.mul(vs[i], alpha), f.mul(g, 1 - alpha));
      const h = f.add(f.mul(hs[i], beta), f.mul(f.square(g), 1 - beta));
      const next = f.sub(x, f.mul(f.div(v, f.add(f.sqrt(h), call.float('epsilon', 1e-6))), r));
      return [f.mul(next, 1 - call.float('norm_coefficient_post', 0)), v, h];
    });
    return columns(results, groups[0].type);
  },
  Momentum: async (inputs, call) => {
    const [rate, count, ...groups] = inputs as Value[];
    const [lr, t] = [(await read(rate))[0], (await read(count))[0]];
    const alpha = call.float('alpha', 0);
    const beta = t > 0 ? call.float('beta', 0) : 1;
    const isNesterov = call.text('mode', 'standard') === 'nesterov';
    const [xs, gs, vs] = inParts(groups, 3);
    const results = xs.map((x, i) => {
      const g = f.add(f.mul(x, call.float('norm_coefficient', 0)), gs[i]);
      const v = f.add(f.mul(vs[i], alpha), f.mul(g, beta));
      return [f.sub(x, f.mul(isNesterov ? f.add(g, f.mul(v, alpha)) : v, lr)), v];
    });
    return columns(results, groups[0].type);
  },
};

/** Optimisers list all parameters, then all gradients, then all states. */
function inParts(values: readonly Value[], parts: number): Tensor[][] {
  const n = values.length / parts;
  return Array.from({ length: parts }, (_, k) =>
    values.slice(k * n, (k + 1) * n).map(({ tensor }) => tensor),
  );
}

const columns = (rows: readonly Tensor[][], type: string): Value[] =>
  rows[0].flatMap((_, k) => rows.map((row) => ({ tensor: row[k], type })));
